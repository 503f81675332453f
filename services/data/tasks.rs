//! `TaskService`: the caller's tasks.

use std::sync::Arc;

use auth_interceptor::Clock;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::page::List;
use crate::call::{self, CallError, etag, guid, status, timestamp, user};
use crate::contracts::data::v1::task_service_server::TaskService;
use crate::contracts::data::v1::{
    CreateTaskRequest, CreateTaskResponse, DeleteTaskRequest, DeleteTaskResponse, ListTasksRequest,
    ListTasksResponse, Task, UpdateTaskRequest, UpdateTaskResponse,
};
use crate::store::{self, NewTask, Owner, Store, TaskChange};

/// Keeps tasks.
#[derive(Clone, Debug)]
pub struct Tasks {
    store: Arc<dyn Store>,
    clock: Clock,
}

impl Tasks {
    /// Keeps them in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, clock }
    }

    async fn list(
        &self,
        owner: Owner,
        request: ListTasksRequest,
    ) -> Result<ListTasksResponse, CallError> {
        let list = List::of_tasks(&owner);
        let page = list.page(request.page_size, &request.page_token)?;
        let found = self.store.list_tasks(&owner, page).await?;
        Ok(ListTasksResponse {
            tasks: found.entries.into_iter().map(Task::from).collect(),
            next_page_token: list.token(found.next),
        })
    }

    async fn create(
        &self,
        owner: Owner,
        request: CreateTaskRequest,
    ) -> Result<CreateTaskResponse, CallError> {
        let task = required(request.task)?;
        let task = NewTask {
            id: Uuid::new_v4(),
            title: title(task.title)?,
            description: description(task.description)?,
            completed: task.completed,
        };
        let created = self
            .store
            .create_task(&owner, task, self.clock.now())
            .await?;
        Ok(CreateTaskResponse {
            task: Some(created.into()),
        })
    }

    async fn update(
        &self,
        owner: Owner,
        request: UpdateTaskRequest,
    ) -> Result<UpdateTaskResponse, CallError> {
        let task = required(request.task)?;
        let id = guid(&task.task_id, "task.task_id")?;
        let etag = etag(&task.etag);
        let paths = request.update_mask.unwrap_or_default().paths;
        let change = change(task, &paths)?;
        let now = self.clock.now();
        let updated = self
            .store
            .update_task(&owner, id, change, etag, now)
            .await?;
        Ok(UpdateTaskResponse {
            task: Some(updated.into()),
        })
    }

    async fn delete(
        &self,
        owner: Owner,
        request: DeleteTaskRequest,
    ) -> Result<DeleteTaskResponse, CallError> {
        let id = guid(&request.task_id, "task_id")?;
        self.store
            .delete_task(&owner, id, etag(&request.etag))
            .await?;
        Ok(DeleteTaskResponse {})
    }
}

#[tonic::async_trait]
impl TaskService for Tasks {
    async fn list_tasks(
        &self,
        request: Request<ListTasksRequest>,
    ) -> Result<Response<ListTasksResponse>, Status> {
        let owner = user(&request)?.into();
        self.list(owner, request.into_inner())
            .await
            .map(Response::new)
            .map_err(status)
    }

    async fn create_task(
        &self,
        request: Request<CreateTaskRequest>,
    ) -> Result<Response<CreateTaskResponse>, Status> {
        let owner = user(&request)?.into();
        self.create(owner, request.into_inner())
            .await
            .map(Response::new)
            .map_err(status)
    }

    async fn update_task(
        &self,
        request: Request<UpdateTaskRequest>,
    ) -> Result<Response<UpdateTaskResponse>, Status> {
        let owner = user(&request)?.into();
        self.update(owner, request.into_inner())
            .await
            .map(Response::new)
            .map_err(status)
    }

    async fn delete_task(
        &self,
        request: Request<DeleteTaskRequest>,
    ) -> Result<Response<DeleteTaskResponse>, Status> {
        let owner = user(&request)?.into();
        self.delete(owner, request.into_inner())
            .await
            .map(Response::new)
            .map_err(status)
    }
}

fn required(task: Option<Task>) -> Result<Task, CallError> {
    task.ok_or_else(|| CallError::field("task", "must be set"))
}

fn title(text: String) -> Result<String, CallError> {
    call::name(text, "task.title")
}

fn description(text: String) -> Result<String, CallError> {
    call::description(text, "task.description")
}

/// What the mask says to change; without a mask, the fields that are set.
fn change(task: Task, paths: &[String]) -> Result<TaskChange, CallError> {
    let mut change = TaskChange::default();
    if paths.is_empty() {
        change.title = (!task.title.is_empty())
            .then(|| title(task.title))
            .transpose()?;
        change.description = (!task.description.is_empty())
            .then(|| description(task.description))
            .transpose()?;
        change.completed = task.completed.then_some(true);
        return Ok(change);
    }
    for path in paths {
        match path.as_str() {
            "title" => change.title = Some(title(task.title.clone())?),
            "description" => change.description = Some(description(task.description.clone())?),
            "completed" => change.completed = Some(task.completed),
            _ => {
                return Err(CallError::field(
                    "update_mask",
                    "must name title, description or completed, and nothing else",
                ));
            }
        }
    }
    Ok(change)
}

impl From<store::Task> for Task {
    fn from(task: store::Task) -> Self {
        Self {
            task_id: task.id.to_string(),
            title: task.title,
            description: task.description,
            completed: task.completed,
            create_time: timestamp(task.create_time),
            update_time: timestamp(task.update_time),
            etag: task.etag.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{change, description, title};
    use crate::call::CallError;
    use crate::contracts::data::v1::Task;
    use crate::store::TaskChange;

    fn masked(task: Task, paths: &[&str]) -> Result<TaskChange, CallError> {
        change(
            task,
            &paths
                .iter()
                .map(|path| (*path).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    fn mend() -> Task {
        Task {
            title: "mend".into(),
            description: "the hem".into(),
            ..Task::default()
        }
    }

    #[test]
    fn a_mask_changes_what_it_names_even_to_nothing() {
        let change = masked(mend(), &["title", "completed"]).unwrap();
        assert_eq!(
            change,
            TaskChange {
                title: Some("mend".into()),
                completed: Some(false),
                description: None
            }
        );
        let emptied = masked(Task::default(), &["description"]).unwrap();
        assert_eq!(emptied.description.as_deref(), Some(""));
    }

    #[test]
    fn without_a_mask_the_fields_that_are_set_change() {
        let change = masked(mend(), &[]).unwrap();
        assert_eq!(change.title.as_deref(), Some("mend"));
        assert_eq!(change.description.as_deref(), Some("the hem"));
        assert_eq!(change.completed, None);
    }

    #[test]
    fn an_unknown_or_output_only_path_is_refused() {
        for path in [
            "",
            "*",
            "task.title",
            "Title",
            "etag",
            "task_id",
            "create_time",
        ] {
            let error = masked(mend(), &["title", path]).unwrap_err();
            assert!(
                matches!(&error, CallError::Field { field, .. } if field == "update_mask"),
                "{path}"
            );
        }
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(title("\u{1f9f5}".repeat(256)).is_ok());
        assert!(title("\u{1f9f5}".repeat(257)).is_err());
        assert!(title(String::new()).is_err());
        assert!(description("\u{1f9f5}".repeat(4_096)).is_ok());
        assert!(description("x".repeat(4_097)).is_err());
        assert!(masked(Task::default(), &["title"]).is_err());
    }
}
