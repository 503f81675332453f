//! `selvedge.control.v2.JobNotificationService`.

use tonic::{Request, Response, Status};

use super::{JobOrders, names_job};
use crate::call::status;
use crate::contracts::control::v2::job_notification_service_server::JobNotificationService;
use crate::contracts::control::v2::{
    OnCancelJobInstanceRequest, OnCancelJobInstanceResponse, OnCreateJobInstanceRequest,
    OnCreateJobInstanceResponse, OnGetJobInstanceStatusRequest, OnGetJobInstanceStatusResponse,
};
use crate::control::definition;

names_job!(
    OnCreateJobInstanceRequest,
    OnGetJobInstanceStatusRequest,
    OnCancelJobInstanceRequest,
);

#[tonic::async_trait]
impl JobNotificationService for JobOrders {
    async fn on_create_job_instance(
        &self,
        mut request: Request<OnCreateJobInstanceRequest>,
    ) -> Result<Response<OnCreateJobInstanceResponse>, Status> {
        // The item's own calls keep the definition; here it only has to be one.
        definition::parts(request.get_mut().definition.take()).map_err(status)?;
        let payload = &request.get_ref().execution_data;
        let state = self
            .create(&request, payload, "execution_data")
            .await
            .map_err(status)?;
        Ok(Response::new(OnCreateJobInstanceResponse {
            state: Some(state),
        }))
    }

    async fn on_get_job_instance_status(
        &self,
        request: Request<OnGetJobInstanceStatusRequest>,
    ) -> Result<Response<OnGetJobInstanceStatusResponse>, Status> {
        let state = self.state(&request).await.map_err(status)?;
        Ok(Response::new(OnGetJobInstanceStatusResponse {
            state: Some(state),
        }))
    }

    async fn on_cancel_job_instance(
        &self,
        request: Request<OnCancelJobInstanceRequest>,
    ) -> Result<Response<OnCancelJobInstanceResponse>, Status> {
        let state = self.cancel(&request).await.map_err(status)?;
        Ok(Response::new(OnCancelJobInstanceResponse {
            state: Some(state),
        }))
    }
}
