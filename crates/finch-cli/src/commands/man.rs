//! `finch man`: manual pages, made of the help texts.

use std::{fs, io, path::Path};

use clap::CommandFactory as _;
use clap_mangen::Man;
use serde::Serialize;

use crate::{
    args::{Args, ManArgs},
    fail::{Exit, Failure},
    output::{self, Report, Sheet},
};

#[derive(Serialize)]
struct Written {
    pages: Vec<String>,
}

pub(crate) fn run(args: &ManArgs, json: bool) -> Result<Exit, Failure> {
    let command = Args::command();
    let Some(folder) = &args.folder else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page)?;
        output::write(io::stdout().lock(), &String::from_utf8_lossy(&page))?;
        return Ok(Exit::Done);
    };
    let pages = write(command, folder).map_err(|error| {
        let message = format!("the pages could not be written to {}", folder.display());
        Failure::new(Exit::Failed, "man", message)
            .because(&error)
            .help("give a folder that exists or can be made, and that this user may write to")
    })?;
    Ok(output::done(&Written { pages }, json))
}

/// One page for the command and each below it.
fn write(command: clap::Command, folder: &Path) -> io::Result<Vec<String>> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(command.disable_help_subcommand(true), folder)?;
    let mut pages: Vec<_> = fs::read_dir(folder)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("finch") && name.ends_with(".1"))
        .collect();
    pages.sort();
    Ok(pages)
}

impl Report for Written {
    fn human(&self, sheet: &mut Sheet) {
        for page in &self.pages {
            sheet.done(&page.to_string());
        }
    }
}
