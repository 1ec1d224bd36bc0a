//! `rollcast schema`: the JSON Schemas, as they are checked in under `schema/`.

use crate::{
    args::{SchemaArgs, SchemaOf},
    exit::Exit,
    output::{CannotWrite, print},
    report,
};

pub(super) fn schema(args: &SchemaArgs) -> Result<Exit, CannotWrite> {
    let text = match args.of {
        SchemaOf::Scenario => {
            let schema = rollcast_scenario::schema::json_schema();
            serde_json::to_string_pretty(&schema).expect("invariant: a schema is plain JSON") + "\n"
        }
        SchemaOf::Outcome => report::schema(),
    };
    print(&text)?;
    Ok(Exit::Ok)
}
