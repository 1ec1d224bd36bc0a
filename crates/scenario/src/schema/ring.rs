//! Rings, releases and freezes as they are typed.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Exploit, Name};
use crate::{
    de::Named,
    scalar::{Batch, Bytes, Count, Dist, Duration, Limit, Moment, Period, Share, Size, Week, Where, Zone},
};

/// A ring: who is in it, when it is offered a release, how hard it is pushed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Ring {
    /// How many devices: a count, a share of the registered devices, `rest`, or `automatic` (as the service
    /// assigns them).
    pub size: Option<Size>,
    /// Which devices may be members; without a size all of them are.
    #[serde(rename = "where")]
    pub filter: Option<Where>,
    /// A file of Device IDs that are members.
    pub members: Option<PathBuf>,
    /// Shares that automatic assignment gives this ring.
    pub automatic: Option<AutomaticShares>,
    /// Days after publication from which a release may be offered.
    pub deferral: Option<Duration>,
    /// Days until a restart is forced, or `none`.
    pub deadline: Option<Limit>,
    /// Least time between a pending restart and a forced one.
    pub grace: Option<Duration>,
    /// What else must have happened before the ring starts.
    pub start: Option<Start>,
    /// How the offer spreads inside the ring.
    pub ramp: Option<Ramp>,
    /// Whether the same devices are early in every release.
    pub order: Option<Order>,
}

/// Shares of automatic assignment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct AutomaticShares {
    /// In a tenant up to `automatic.small-tenant` devices.
    pub small: Option<Share>,
    /// In a larger one.
    pub large: Option<Share>,
}

/// A ring waits until a share of another ring was reported patched.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Start {
    /// The ring waited for.
    #[schemars(with = "Option<Name>")]
    pub after: Option<String>,
    /// Share of its registered devices that must have been reported patched.
    pub patched: Option<Share>,
    /// Time from then to the start.
    pub wait: Option<Duration>,
}

/// How an offer spreads over a ring from its start.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ramp {
    /// Evenly over a time.
    Linear(LinearRamp),
    /// Shares by time since the start: `{ 0 d: 10%, 1 d: 50%, 3 d: 100% }`.
    Steps(Named<Share>),
}

/// An even ramp.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct LinearRamp {
    /// Time from the start until everyone is offered.
    pub over: Option<Duration>,
    /// Share offered at once at the start.
    pub from: Option<Share>,
}

/// Who is early in a ramp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The same devices in every release.
    Kept,
    /// Dealt anew for each release.
    #[serde(rename = "dealt anew")]
    DealtAnew,
}

/// The order in which devices are dealt to rings that do not take all that match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RingOrder {
    /// By a draw of each device: every ring is a random sample.
    Drawn,
    /// By position in the fleet: the first ring has the first devices.
    #[serde(rename = "as listed")]
    AsListed,
}

/// How automatic ring assignment counts the devices of the tenant.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Automatic {
    /// Largest tenant to which the small shares apply.
    pub small_tenant: Option<Count>,
    /// Devices registered together: `whole` fleet, or a number.
    pub batch: Option<Batch>,
    /// Whether the batch in hand counts towards the size of the tenant.
    pub counts: Option<Counts>,
}

/// What counts as the size of the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Counts {
    /// The devices registered before and the batch in hand.
    #[serde(rename = "with batch")]
    WithBatch,
    /// Only the devices registered before.
    #[serde(rename = "before batch")]
    BeforeBatch,
}

/// A release.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Release {
    /// What is released, e.g. `windows-quality`.
    #[schemars(with = "Option<Name>")]
    pub product: Option<String>,
    /// When: `patch-tuesday 2026-11`, a date, or a date with a time.
    pub published: Option<Moment>,
    /// Zone of `published`; a date alone means 10:00 there.
    pub zone: Option<Zone>,
    /// Bytes that a device downloads.
    pub size: Option<Bytes>,
    /// True for a security update.
    pub security: Option<bool>,
    /// A monthly update with the deferrals of the rings, an out-of-band correction, or pushed content.
    pub kind: Option<Kind>,
    /// The earlier release that an out-of-band release follows; the newest monthly one without it.
    #[schemars(with = "Option<Name>")]
    pub supersedes: Option<String>,
    /// Of a push: from the moment it may be offered to its arrival on a device that is on.
    pub reaches: Option<Dist<Duration>>,
    /// Of a push: whether it keeps to the rings.
    pub rings: Option<PushRings>,
    /// Who attacks what it closes, and when.
    pub exploit: Option<Exploit>,
}

/// What kind of release it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Offered ring by ring after their deferrals.
    Monthly,
    /// Offered at once to rings past the deferral of the release that it follows, to the others on their own date.
    OutOfBand,
    /// Content outside the update rings: no scan, no install, no restart.
    Push,
}

/// Whether a push keeps to the rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PushRings {
    /// Everybody at publication.
    Ignored,
    /// Ring by ring, as their deferrals and gates say.
    Kept,
}

/// A stretch in which rings are held back.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Freeze {
    /// Every week, e.g. `Fri 17:00 to Mon 06:00`.
    pub every: Option<Week>,
    /// Once, e.g. `2026-12-19 00:00 to 2027-01-04 06:00`.
    pub during: Option<Period>,
    /// Zone of these times.
    pub zone: Option<Zone>,
    /// Which rings; all of them without it.
    #[schemars(with = "Option<Vec<Name>>")]
    pub rings: Option<Vec<String>>,
    /// How the freeze is carried out.
    pub by: Option<FreezeBy>,
}

/// How a freeze is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FreezeBy {
    /// A pause command at the begin and a resume command at the end; each reaches a device at its next sync.
    Pause,
    /// Restarts wait for the end.
    #[serde(rename = "hold restarts")]
    HoldRestarts,
    /// Nothing new is offered, without any delay.
    Ideal,
}
