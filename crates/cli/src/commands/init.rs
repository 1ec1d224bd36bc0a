//! `rollcast init`: a commented scenario to start from, with the schema line for editors.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Write},
    path::Path,
};

use rollcast_scenario::{
    init::{self, INVENTORY_FILE},
    inventory::generate,
};

use super::error;
use crate::{
    args::{InitArgs, Template},
    exit::Exit,
    output::{CannotWrite, cannot_write, print, say},
    render::number::many,
};

pub(super) fn init(args: &InitArgs) -> Result<Exit, CannotWrite> {
    let template = match (args.template, args.inventory) {
        (Some(Template::Small | Template::Enterprise), Some(_)) => {
            say(&error(
                "`--inventory` goes with the template `inventory` only",
                "leave `--template` out, or leave `--inventory` out",
            ));
            return Ok(Exit::BadInput);
        }
        (Some(template), _) => template,
        (None, Some(_)) => Template::Inventory,
        (None, None) => Template::Small,
    };
    let text = init::template(match template {
        Template::Small => init::Template::Small,
        Template::Enterprise => init::Template::Enterprise,
        Template::Inventory => init::Template::Inventory,
    });
    if args.file == Path::new("-") {
        if args.inventory.is_some() {
            say(&error("`--inventory` needs a file beside which to write", "name a file instead of `-`"));
            return Ok(Exit::BadInput);
        }
        print(text)?;
        return Ok(Exit::Ok);
    }
    let inventory = args.file.with_file_name(INVENTORY_FILE);
    // Both are looked at before either is written.
    let wanted = [Some(&args.file), args.inventory.map(|_| &inventory)];
    if let Some(taken) =
        wanted.into_iter().flatten().find(|path| !args.force && path.symlink_metadata().is_ok())
    {
        return Err(CannotWrite {
            message: format!("`{}` exists", taken.display()),
            help: "name another file, or replace it with `--force`".into(),
        });
    }
    write(&args.file, args.force, |file| file.write_all(text.as_bytes()))?;
    say(&format!("wrote {}", args.file.display()));
    if let Some(rows) = args.inventory {
        write(&inventory, args.force, |file| {
            generate::generate(rows, args.seed, generate::DEFAULT_EXPORT_S, file)
        })?;
        say(&format!("wrote {} ({}, made up)", inventory.display(), many(rows, "row")));
    }
    say(&format!("next: rollcast run {}", args.file.display()));
    Ok(Exit::Ok)
}

fn write(
    path: &Path,
    force: bool,
    content: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), CannotWrite> {
    let refuse = |error: io::Error| {
        if path.is_dir() {
            return CannotWrite {
                message: format!("cannot write to `{}`: it is a directory", path.display()),
                help: "name a file in it".into(),
            };
        }
        cannot_write(path, &error)
    };
    let mut options = OpenOptions::new();
    options.write(true);
    // Without `--force` a file that appears in between is not replaced either.
    if force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let mut file = options.open(path).map_err(refuse)?;
    match content(&mut file) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(refuse(error)),
        _ => Ok(()),
    }
}
