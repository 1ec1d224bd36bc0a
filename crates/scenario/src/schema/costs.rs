//! Prices, and who attacks what a release closes, as they are typed.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Name;
use crate::scalar::{Clock, Price, Rate, Share};

/// What things cost. Nobody publishes prices, so none has a default: what has no price is not counted.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Costs {
    /// The currency of all prices, e.g. `EUR`. Told, not converted.
    #[schemars(with = "Option<Name>")]
    pub currency: Option<String>,
    /// A registered device without the release for a day.
    pub exposed_device_day: Option<Price>,
    /// A device that an exploit is expected to hit; needs the `exploit` of a release.
    pub hit_device: Option<Price>,
    /// A device on which a defect shows for an hour.
    pub harmed_device_hour: Option<Price>,
    /// A restart in active hours, whoever asked for it.
    pub restart_in_active_hours: Option<Price>,
    /// A call to the help desk about a defect of the release.
    pub ticket: Option<Price>,
    /// A decision about the release that landed.
    pub decision: Option<Price>,
    /// An hour of work on a device that is repaired by hand.
    pub administrator_hour: Option<Price>,
}

/// Who attacks what a release closes, and when.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Exploit {
    /// Whether it is ever exploited.
    pub chance: Option<Share>,
    /// If it is: from the publication of the release to the first attacks; before it counts as at it.
    pub after: Option<Clock>,
    /// From then on: share of exposed devices that are hit in a period, e.g. `1 in 1000 a day`.
    pub hits: Option<Rate>,
}
