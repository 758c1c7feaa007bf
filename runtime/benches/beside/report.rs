//! What the rounds came to.

use super::Task;

pub(crate) struct Report {
    task: Task,
    names: Vec<String>,
    /// Per contender and round, two figures: rate and CPU, or the latencies at p50 and p99.
    figures: Vec<Vec<[f64; 2]>>,
}

/// The least rate and the most CPU that is aimed at, as ratios to the bare client; for the latency the most at p99.
fn targets(task: Task) -> (Option<f64>, f64) {
    match task {
        Task::Publish => (Some(0.95), 1.10),
        Task::Consume => (Some(0.90), 1.15),
        Task::Latency => (None, 1.30),
    }
}

impl Report {
    pub(crate) fn new(task: Task, names: Vec<String>) -> Self {
        let figures = vec![Vec::new(); names.len()];
        Self {
            task,
            names,
            figures,
        }
    }

    pub(crate) fn add(&mut self, contender: usize, figures: [f64; 2]) {
        self.figures[contender].push(figures);
    }

    fn column(&self, contender: usize, which: usize) -> Vec<f64> {
        self.figures[contender]
            .iter()
            .map(|pair| pair[which])
            .collect()
    }

    /// The median over the rounds of the ratio to the first contender in the same round.
    fn ratio(&self, contender: usize, which: usize) -> f64 {
        let own = self.column(contender, which);
        let first = self.column(0, which);
        median(
            own.iter()
                .zip(first)
                .map(|(own, first)| own / first)
                .collect(),
        )
    }

    pub(crate) fn print(&self) {
        let (rate, cpu) = targets(self.task);
        match rate {
            Some(rate) => println!(
                "\n{}: aimed at {rate:.2} of the bare rate at {cpu:.2} times its CPU\n{:<42} {:>9} {:>9} {:>7} {:>8} {:>8} {:>7}",
                self.task.name(),
                "",
                "median/s",
                "best/s",
                "ratio",
                "µs CPU",
                "least",
                "ratio"
            ),
            None => println!(
                "\n{}: publish to handler, aimed at {cpu:.2} times the bare p99\n{:<42} {:>9} {:>9} {:>7} {:>8} {:>8} {:>7}",
                self.task.name(),
                "",
                "µs p50",
                "least",
                "ratio",
                "µs p99",
                "least",
                "ratio"
            ),
        }
        for (contender, name) in self.names.iter().enumerate() {
            let (first, second) = (self.column(contender, 0), self.column(contender, 1));
            let best = if rate.is_some() {
                most(&first)
            } else {
                least(&first)
            };
            let ratios = (self.ratio(contender, 0), self.ratio(contender, 1));
            let met = rate.is_none_or(|rate| ratios.0 >= rate) && ratios.1 <= cpu;
            println!(
                "{name:<42} {:>9.0} {best:>9.0} {:>7.2} {:>8.2} {:>8.2} {:>7.2}  {}",
                median(first),
                ratios.0,
                median(second.clone()),
                least(&second),
                ratios.1,
                if contender == 0 {
                    ""
                } else if met {
                    "met"
                } else {
                    "missed"
                }
            );
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}
