//! `selvedge.control.v1.JobService`.

use tonic::{Request, Response, Status};

use super::{JobOrders, names_job};
use crate::call::{CallError, status};
use crate::contracts::control::v1::job_service_server::JobService;
use crate::contracts::control::v1::{
    CancelItemJobInstanceRequest, CancelItemJobInstanceResponse, CreateItemJobInstanceRequest,
    CreateItemJobInstanceResponse, GetItemJobInstanceStateRequest, GetItemJobInstanceStateResponse,
    InvokeType,
};

names_job!(
    CreateItemJobInstanceRequest,
    GetItemJobInstanceStateRequest,
    CancelItemJobInstanceRequest,
);

#[tonic::async_trait]
impl JobService for JobOrders {
    async fn create_item_job_instance(
        &self,
        request: Request<CreateItemJobInstanceRequest>,
    ) -> Result<Response<CreateItemJobInstanceResponse>, Status> {
        // A number that the contract does not name reads as unset.
        if request.get_ref().invoke_type() == InvokeType::Unspecified {
            let expected = "must be Scheduled, Manual or UnknownFutureValue";
            return Err(status(CallError::field("invoke_type", expected)));
        }
        let payload = &request.get_ref().creation_payload;
        self.create(&request, payload, "creation_payload")
            .await
            .map_err(status)?;
        Ok(Response::new(CreateItemJobInstanceResponse {}))
    }

    async fn get_item_job_instance_state(
        &self,
        request: Request<GetItemJobInstanceStateRequest>,
    ) -> Result<Response<GetItemJobInstanceStateResponse>, Status> {
        let state = self.state(&request).await.map_err(status)?;
        Ok(Response::new(GetItemJobInstanceStateResponse {
            state: Some(state),
        }))
    }

    async fn cancel_item_job_instance(
        &self,
        request: Request<CancelItemJobInstanceRequest>,
    ) -> Result<Response<CancelItemJobInstanceResponse>, Status> {
        let state = self.cancel(&request).await.map_err(status)?;
        Ok(Response::new(CancelItemJobInstanceResponse {
            state: Some(state),
        }))
    }
}
