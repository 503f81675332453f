//! What a user asks Fabric to do: with which item, and by which job.

use crate::random;

/// An item as a user describes it to Fabric, to create or to change it.
#[derive(Clone, Debug)]
#[must_use]
pub struct ItemOrder {
    pub(super) workspace: String,
    pub(super) item: String,
    pub(super) display_name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) payload: Option<String>,
}

impl ItemOrder {
    /// The item with an id, of which nothing is said.
    pub fn new(workspace: impl Into<String>, item: impl Into<String>) -> Self {
        Self {
            workspace: workspace.into(),
            item: item.into(),
            display_name: None,
            description: None,
            payload: None,
        }
    }

    /// An item that is not there yet.
    pub fn fresh(workspace: impl Into<String>) -> Self {
        Self::new(workspace, random::guid())
    }

    /// Its name. In the second generation of the workload API Fabric keeps it to itself.
    pub fn named(mut self, display_name: impl Into<String>) -> Self {
        self.display_name = Some(display_name.into());
        self
    }

    /// What it is for. In the second generation Fabric keeps it to itself.
    pub fn described(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Its content, as JSON that is sent byte for byte: the payload of the first generation, the
    /// part `payload.json` of the definition in the second.
    pub fn with_payload(mut self, json: impl Into<String>) -> Self {
        self.payload = Some(json.into());
        self
    }

    /// The item's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.item
    }

    /// The id of the workspace that the item is in.
    #[must_use]
    pub fn workspace(&self) -> &str {
        &self.workspace
    }
}

/// A run of a job, as a user orders it.
#[derive(Clone, Debug)]
#[must_use]
pub struct JobOrder {
    pub(super) workspace: String,
    pub(super) item: String,
    pub(super) job_type: String,
    pub(super) instance: String,
    pub(super) invoke_type: String,
    pub(super) payload: Option<String>,
}

impl JobOrder {
    /// A new run by hand, for an item, of a job type such as `Org.Selvedge.Sample.ExportRows`.
    pub fn new(item: &ItemOrder, job_type: impl Into<String>) -> Self {
        Self {
            workspace: item.workspace.clone(),
            item: item.item.clone(),
            job_type: job_type.into(),
            instance: random::guid(),
            invoke_type: "Manual".to_owned(),
            payload: None,
        }
    }

    /// The run with an id.
    pub fn with_id(mut self, instance: impl Into<String>) -> Self {
        self.instance = instance.into();
        self
    }

    /// What started it: `Manual`, `Scheduled`, or what no workload knows. The second generation
    /// does not say.
    pub fn invoked_by(mut self, invoke_type: impl Into<String>) -> Self {
        self.invoke_type = invoke_type.into();
        self
    }

    /// What it is to do, as JSON that is sent byte for byte.
    pub fn with_payload(mut self, json: impl Into<String>) -> Self {
        self.payload = Some(json.into());
        self
    }

    /// The id of the run.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.instance
    }
}
