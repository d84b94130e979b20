//! Where the addresses of one batch are.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::app::App;
use crate::geo::Place;

/// Places of one batch looked up in an operator's databases, each written out once.
#[derive(Debug, Default)]
pub(super) struct Places {
    recent: HashMap<IpAddr, Option<Arc<Place>>>,
}

impl Places {
    /// Most addresses remembered; a batch with more looks the others up again.
    const MAX: usize = 1_024;

    pub(super) fn find(&mut self, app: &App, address: IpAddr) -> Option<Arc<Place>> {
        if !app.geo.is_slow() {
            return app.geo.place(address);
        }
        if let Some(known) = self.recent.get(&address) {
            return known.clone();
        }
        let place = app.geo.place(address);
        if self.recent.len() < Self::MAX {
            self.recent.insert(address, place.clone());
        }
        place
    }
}
