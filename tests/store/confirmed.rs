//! Items that Fabric has confirmed. Nothing but the service can make one, so the service is asked.

use auth_interceptor::Clock;
use emulator::{Emulator, Item, seed};
use selvedge::downstream::ConfirmedItem;
use uuid::Uuid;

use crate::data_plane::{data, row, write};
use crate::support::Setup;

/// Items of one workspace, each confirmed for one user.
pub(super) async fn confirmed_items<const COUNT: usize>() -> [ConfirmedItem; COUNT] {
    let items = [(); COUNT].map(|()| Uuid::new_v4().to_string());
    let clock = Clock::system();
    let mut settings = emulator::Settings::new(
        ([127, 0, 0, 1], 0).into(),
        std::sync::Arc::new(move || clock.now()),
    );
    let workspaces = &mut settings.seed.workspaces;
    let workspace = workspaces
        .iter_mut()
        .find(|workspace| workspace.id == seed::WORKSPACE_ID)
        .unwrap();
    for id in &items {
        let item = Item::new(id, seed::ITEM_TYPE, id)
            .owned_by(seed::WORKLOAD_CLIENT_ID)
            .with_permissions(seed::CONSENTED, &["Read", "Write"]);
        workspace.items.push(item);
    }
    let emulator = Emulator::start(settings).await.unwrap();
    let running = Setup::default().start_with(emulator).await;
    running.ready().await;

    let mut client = data(&running, seed::CONSENTED).await;
    for item_id in items {
        let mut request = write([row("row", "1")]);
        request.workspace_id = seed::WORKSPACE_ID.to_owned();
        request.item_id = item_id;
        client.write_data(request).await.unwrap();
    }
    let places = running.store.written_places();
    let confirmed: Vec<_> = places.iter().filter_map(|place| place.item).collect();
    confirmed.try_into().unwrap()
}
