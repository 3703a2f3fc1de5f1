//! `finch completions` and `finch man`, made of what the command line takes.

use std::{fs, path::PathBuf};

use clap_complete::Shell;
use clap_mangen::Man;
use serde::Serialize;

use crate::{
    args::Args,
    fail::{Exit, Failure},
    output::{self, Report, Text},
};

#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  source <(finch completions bash)
  finch completions zsh > \"${fpath[1]}/_finch\"
  finch completions fish > ~/.config/fish/completions/finch.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

#[derive(clap::Args)]
pub(crate) struct ManArgs {
    /// The folder for one page a command [default: finch(1), printed]
    folder: Option<PathBuf>,
}

pub(crate) fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::definition(), "finch", &mut script);
    output::write(std::io::stdout().lock(), &String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Written {
    folder: PathBuf,
}

pub(crate) fn man(args: &ManArgs, json: bool) -> Result<Exit, Failure> {
    let command = Args::definition();
    let Some(folder) = &args.folder else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page)?;
        output::write(std::io::stdout().lock(), &String::from_utf8_lossy(&page))?;
        return Ok(Exit::Done);
    };
    let written = fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(command.disable_help_subcommand(true), folder));
    written.map_err(|error| {
        let message = format!("the pages could not be written to {}", folder.display());
        Failure::new(Exit::Failed, "man", message)
            .because(&error)
            .help("give a folder that exists or can be made, and that this user may write to")
    })?;
    Ok(output::done(&Written { folder: folder.clone() }, json))
}

impl Report for Written {
    fn headline(&self) -> Text {
        "A page for each command is written".into()
    }
}
