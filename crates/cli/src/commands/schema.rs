//! `rollcast schema`: the JSON Schemas, as they are checked in under `schema/`.

use crate::{
    args::{SchemaArgs, SchemaOf},
    exit::Exit,
    output::{CannotWrite, print},
    report::{self, comparison, gates},
};

pub(super) fn schema(args: &SchemaArgs) -> Result<Exit, CannotWrite> {
    use rollcast_scenario::schema::{bank_json_schema, json_schema, plan_json_schema};
    let pretty = |schema: serde_json::Value| {
        serde_json::to_string_pretty(&schema).expect("invariant: a schema is plain JSON") + "\n"
    };
    let text = match args.of {
        SchemaOf::Scenario => pretty(json_schema()),
        SchemaOf::Plan => pretty(plan_json_schema()),
        SchemaOf::Bank => pretty(bank_json_schema()),
        SchemaOf::Outcome => report::schema(),
        SchemaOf::Comparison => comparison::schema(),
        SchemaOf::Gates => gates::schema(),
    };
    print(&text)?;
    Ok(Exit::Ok)
}
