//! Names for the indices of a plan, as the outputs ask for them.

use rollcast_core::{
    plan::{ReleaseId, RingId},
    time::SimTime,
};
use rollcast_scenario::compile::Labels;

/// The loader's labels by typed index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'a>(pub &'a Labels);

impl Names<'_> {
    pub(crate) fn ring(&self, ring: RingId) -> String {
        self.0.rings[ring.0 as usize].clone()
    }

    pub(crate) fn release(&self, release: ReleaseId) -> String {
        self.0.releases[release.0 as usize].0.clone()
    }

    pub(crate) fn product(&self, release: ReleaseId) -> String {
        self.0.releases[release.0 as usize].1.clone()
    }

    pub(crate) fn reason(&self, reason: usize) -> String {
        self.0.reasons[reason].clone()
    }

    pub(crate) fn freeze(&self, freeze: u16) -> String {
        self.0.freezes[freeze as usize].clone()
    }

    /// E.g. `Tue 2026-10-13 19:00`, in the scenario's zone.
    pub(crate) fn civil(&self, at: SimTime) -> String {
        self.0.civil(at)
    }

    /// RFC 3339.
    pub(crate) fn utc(&self, at: SimTime) -> String {
        self.0.utc(at)
    }

    /// Like `civil`, in the zone of a site.
    pub(crate) fn at_site(&self, site: usize, at: SimTime) -> String {
        self.0.civil_at_site(at, site)
    }

    /// The zone of a site.
    pub(crate) fn site_zone(&self, site: usize) -> String {
        self.0.sites.get(site).map_or(&self.0.zone, |(_, zone)| zone).to_string()
    }
}
