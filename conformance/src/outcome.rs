//! What the answers mean.

use serde::Serialize;
use serde_json::Value;

use super::compiled::Answer;
use super::{Case, Group};

/// What became of one test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As the suite says.
    Right,
    /// The schema rejects the document, the type does not.
    WronglyAccepted,
    /// The schema accepts the document, the type does not.
    WronglyRejected,
    /// Codegen has made no type of the schema.
    Refused,
}

/// How many tests came out how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// The keyword, or `total`.
    pub keyword: String,
    /// Right.
    pub right: usize,
    /// Wrongly accepted.
    pub wrongly_accepted: usize,
    /// Wrongly rejected.
    pub wrongly_rejected: usize,
    /// Refused by codegen.
    pub refused: usize,
    /// Of the right ones: accepted, and written back without properties that no schema declares.
    pub written_less: usize,
    /// Of the right ones: accepted, and written back as another value.
    pub written_otherwise: usize,
}

impl Counts {
    fn named(keyword: &str) -> Self {
        Self {
            keyword: keyword.to_owned(),
            ..Self::default()
        }
    }

    /// All tests.
    #[must_use]
    pub fn tests(&self) -> usize {
        self.right + self.wrongly_accepted + self.wrongly_rejected + self.refused
    }

    /// The refused ones of a hundred.
    #[must_use]
    pub fn refused_percent(&self) -> f64 {
        let tests = u32::try_from(self.tests()).unwrap_or(u32::MAX);
        let refused = u32::try_from(self.refused).unwrap_or(u32::MAX);
        f64::from(refused) * 100.0 / f64::from(tests.max(1))
    }

    fn add(&mut self, outcome: Outcome, kept: Kept) {
        match outcome {
            Outcome::Right => self.right += 1,
            Outcome::WronglyAccepted => self.wrongly_accepted += 1,
            Outcome::WronglyRejected => self.wrongly_rejected += 1,
            Outcome::Refused => self.refused += 1,
        }
        match kept {
            Kept::Same => {}
            Kept::Less => self.written_less += 1,
            Kept::Other => self.written_otherwise += 1,
        }
    }
}

/// A test that did not come out as the suite says, or a group that was refused.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mistake {
    /// What went wrong.
    pub outcome: Outcome,
    /// The module in the generated crate.
    pub module: String,
    /// The group.
    pub group: String,
    /// The test; empty where the whole group was refused.
    pub test: String,
    /// What was said: why it was rejected or refused, or what was written.
    pub said: String,
}

/// All outcomes.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Per keyword, in the order of the suite.
    pub keywords: Vec<Counts>,
    /// All together.
    pub total: Counts,
    /// How many types there are.
    pub types: usize,
    /// How many of them need no compiled schema.
    pub inline: usize,
    /// What went wrong.
    pub mistakes: Vec<Mistake>,
    /// What was refused.
    pub refused: Vec<Mistake>,
    /// What was written back as another value.
    pub rewritten: Vec<Mistake>,
}

/// How what was written compares with what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kept {
    Same,
    Less,
    Other,
}

impl Summary {
    pub(super) fn of(groups: &[Group], cases: &[Case], answers: &[Vec<Answer>]) -> Self {
        let mut summary = Self {
            total: Counts::named("total"),
            ..Self::default()
        };
        for ((group, case), answers) in groups.iter().zip(cases).zip(answers) {
            summary.group(group, case, answers);
        }
        summary
    }

    /// Whether nothing is wrong; what was refused is not wrong.
    #[must_use]
    pub fn all_right(&self) -> bool {
        self.mistakes.is_empty() && self.rewritten.is_empty()
    }

    fn group(&mut self, group: &Group, case: &Case, answers: &[Answer]) {
        let mistake = |outcome, test: &str, said: String| Mistake {
            outcome,
            module: case.module.clone(),
            group: group.description.clone(),
            test: test.to_owned(),
            said,
        };
        self.types += usize::from(case.result.is_ok());
        self.inline += usize::from(case.result.is_ok() && !case.compiled);
        if let Err(report) = &case.result {
            self.refused
                .push(mistake(Outcome::Refused, "", report.clone()));
            for _ in &group.tests {
                self.count(group, Outcome::Refused, Kept::Same);
            }
            return;
        }
        for (index, test) in group.tests.iter().enumerate() {
            let answer = answers.get(index);
            let written = answer.and_then(|answer| answer.written.as_ref());
            let outcome = match (test.valid, written) {
                (true, Some(_)) | (false, None) => Outcome::Right,
                (false, Some(_)) => Outcome::WronglyAccepted,
                (true, None) => Outcome::WronglyRejected,
            };
            let said = answer.and_then(|answer| answer.refused.clone());
            let said = said.unwrap_or_else(|| format!("accepted: {}", test.data));
            let mut keeps = Kept::Same;
            if outcome != Outcome::Right {
                self.mistakes
                    .push(mistake(outcome, &test.description, said));
            } else if let Some((written,)) = written {
                keeps = kept(&test.data, written);
                if keeps == Kept::Other {
                    let said = format!("{} is written back as {written}", test.data);
                    self.rewritten
                        .push(mistake(outcome, &test.description, said));
                }
            }
            self.count(group, outcome, keeps);
        }
    }

    fn count(&mut self, group: &Group, outcome: Outcome, kept: Kept) {
        if self.keywords.last().map(|counts| counts.keyword.as_str()) != Some(&group.keyword) {
            self.keywords.push(Counts::named(&group.keyword));
        }
        if let Some(counts) = self.keywords.last_mut() {
            counts.add(outcome, kept);
        }
        self.total.add(outcome, kept);
    }
}

/// Numbers are compared by value; properties may be missing from what was written.
fn kept(read: &Value, written: &Value) -> Kept {
    match (read, written) {
        (Value::Object(read), Value::Object(written)) => {
            if written.keys().any(|key| !read.contains_key(key)) {
                return Kept::Other;
            }
            let each = read.iter().map(|(key, value)| {
                written
                    .get(key)
                    .map_or(Kept::Less, |written| kept(value, written))
            });
            each.max().unwrap_or(Kept::Same)
        }
        (Value::Array(read), Value::Array(written)) if read.len() == written.len() => {
            let each = read.iter().zip(written).map(|(a, b)| kept(a, b));
            each.max().unwrap_or(Kept::Same)
        }
        (Value::Number(a), Value::Number(b)) if same_number(a, b) => Kept::Same,
        (a, b) if a == b => Kept::Same,
        _ => Kept::Other,
    }
}

fn same_number(a: &serde_json::Number, b: &serde_json::Number) -> bool {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => a == b,
        _ => a.as_f64() == b.as_f64(),
    }
}
