//! Holds the types that codegen writes against test cases in the format of the JSON Schema Test Suite: one type for
//! every schema, all of them in one crate, and every document through the same code as the data of a received event.

mod compiled;
mod generated;
mod outcome;
mod suite;
mod table;

pub use compiled::Workplace;
pub use generated::{Case, generate};
pub use outcome::{Counts, Mistake, Outcome, Summary};
pub use suite::{Draft, Group, Test, groups, remotes};
pub use table::table;

use codegen::load::Formats;

/// How cases are run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The dialect of schemas that do not name theirs.
    pub draft: Draft,
    /// Whether `format` is asserted.
    pub formats: Formats,
}

/// Runs every case: generates, compiles once, and asks. `progress` is told what is being done.
///
/// # Errors
///
/// Where the crate cannot be written, does not compile, or does not answer.
pub fn run(
    groups: &[Group],
    remotes: &[codegen::load::Document],
    options: Options,
    workplace: &Workplace,
    progress: &dyn Fn(&str),
) -> anyhow::Result<Summary> {
    progress("generating");
    let cases: Vec<Case> = groups
        .iter()
        .map(|group| generate(group, remotes, options))
        .collect::<anyhow::Result<_>>()?;
    progress("compiling");
    let build = workplace.write(&cases)?;
    let program = workplace.compile()?;
    progress("asking");
    let answers = workplace.ask(&program, &build, groups, &cases)?;
    Ok(Summary::of(groups, &cases, &answers))
}
