//! The settlement table, row by row.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jetway::{Backoff, Failure, Operation, Retry};

use crate::support::contract::{HANDLE, Happened};
use crate::support::{Double, Rig, effect, header, wait};

fn milliseconds(number: u64) -> Duration {
    Duration::from_millis(number)
}

fn retry(max_attempts: u32, initial: Duration) -> Operation {
    Operation {
        retry: Retry {
            max_attempts,
            initial,
            ..HANDLE.retry
        },
        ..HANDLE
    }
}

/// When a handler was called, and with which attempt.
type Calls = Arc<Mutex<Vec<(Instant, u32)>>>;

/// A handler that keeps when it was called, and with which attempt.
fn timed(result: impl Fn(u32) -> Result<(), Failure> + Send + Sync + 'static) -> (Double, Calls) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let double = Double::new(move |event, _| {
        log.lock()
            .unwrap()
            .push((Instant::now(), event.delivery.attempt));
        let result = result(event.delivery.attempt);
        Box::pin(async { result })
    });
    (double, seen)
}

fn error(text: &str) -> Failure {
    std::io::Error::other(text.to_owned()).into()
}

on_both! {
    async fn ok_commits_then_acks(on: On) {
        let rig = Rig::new(on).await;
        let service = rig.serve(HANDLE, Double::effect()).await;
        for number in 0..20 {
            rig.send(&Happened::new("a", number)).await;
        }
        rig.settled("tester-handle").await;
        assert_eq!(service.effects().await.len(), 20);
        assert_eq!(rig.consumer("tester-handle").await.num_redelivered, 0);
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn an_error_is_rolled_back_and_tried_again_until_it_succeeds(on: On) {
        let rig = Rig::new(on).await;
        let double = Double::new(|event, tx| {
            Box::pin(async move {
                effect(event, tx).await?;
                if event.delivery.attempt < 3 { Err(error("not yet")) } else { Ok(()) }
            })
        });
        let service = rig.serve(HANDLE, double.clone()).await;
        rig.send(&Happened::new("a", 1)).await;
        wait("the third attempt", || async { double.count() == 3 }).await;
        rig.settled("tester-handle").await;
        assert_eq!(service.effects().await, [("a".to_owned(), 1)]);
        assert!(rig.dead_letters().await.is_empty());
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn the_backoff_is_respected_by_the_server_and_in_a_lane(on: On) {
        for ordering in [jetway::Ordering::None, jetway::Ordering::Key] {
            let rig = Rig::new(on).await;
            let (double, seen) = timed(|attempt| if attempt < 4 { Err(error("no")) } else { Ok(()) });
            let mut operation = Operation { ordering, ..retry(9, milliseconds(150)) };
            operation.retry.backoff = Backoff::Exponential;
            operation.retry.cap = milliseconds(400);
            let service = rig.serve(operation, double).await;
            rig.send(&Happened::new("a", 1)).await;
            wait("four attempts", || async { seen.lock().unwrap().len() == 4 }).await;
            rig.settled("tester-handle").await;
            let seen = seen.lock().unwrap().clone();
            assert_eq!(seen.iter().map(|(_, attempt)| *attempt).collect::<Vec<_>>(), [1, 2, 3, 4]);
            for (n, least) in [150, 300, 400].into_iter().enumerate() {
                let gap = seen[n + 1].0 - seen[n].0;
                assert!(gap >= milliseconds(least), "{ordering:?}: {gap:?} after attempt {}", n + 1);
            }
            service.stop().await.unwrap();
        }
    }
}

on_both! {
    async fn the_handler_can_name_the_delay(on: On) {
        let rig = Rig::new(on).await;
        let (double, seen) = timed(|attempt| {
            if attempt == 1 { Err(Failure::retry_after(milliseconds(700))) } else { Ok(()) }
        });
        let service = rig.serve(retry(4, milliseconds(1)), double).await;
        rig.send(&Happened::new("a", 1)).await;
        wait("two attempts", || async { seen.lock().unwrap().len() == 2 }).await;
        let seen = seen.lock().unwrap().clone();
        assert!(seen[1].0 - seen[0].0 >= milliseconds(700));
        assert_eq!(seen[1].1, 2);
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn a_deferral_spends_no_attempt(on: On) {
        for ordering in [jetway::Ordering::None, jetway::Ordering::Key] {
            let rig = Rig::new(on).await;
            let calls = Arc::new(Mutex::new(Vec::new()));
            let log = calls.clone();
            // Deferred more often than there are attempts, and then all attempts are still there.
            let double = Double::new(move |event, tx| {
                let count = {
                    let mut log = log.lock().unwrap();
                    log.push(event.delivery.attempt);
                    log.len()
                };
                Box::pin(async move {
                    effect(event, tx).await?;
                    match count {
                        1..=7 => Err(Failure::defer(milliseconds(20))),
                        8..=10 => Err(error("now it fails")),
                        _ => Ok(()),
                    }
                })
            });
            let service = rig.serve(Operation { ordering, ..retry(4, milliseconds(10)) }, double).await;
            rig.send(&Happened::new("a", 1)).await;
            wait("the last attempt", || async { calls.lock().unwrap().len() == 11 }).await;
            rig.settled("tester-handle").await;
            assert_eq!(*calls.lock().unwrap(), [1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 4]);
            assert_eq!(service.effects().await.len(), 1);
            assert!(rig.dead_letters().await.is_empty());
            service.stop().await.unwrap();
        }
    }
}

on_both! {
    async fn what_is_deferred_for_too_long_is_a_dead_letter(on: On) {
        let rig = Rig::new(on).await;
        let mut operation = retry(4, milliseconds(10));
        operation.retry.defer_limit = milliseconds(500);
        let (double, seen) = timed(|_| {
            Err(Failure::defer(milliseconds(100)).because("order 7 has not arrived"))
        });
        let service = rig.serve(operation, double).await;
        rig.send(&Happened::new("a", 1)).await;
        let letter = rig.wait_for_dead_letters(1).await.remove(0);
        assert_eq!(header(&letter, "Dead-Reason"), "deferred-too-long");
        assert_eq!(
            header(&letter, "Dead-Error"),
            "deferred for more than 500ms: order 7 has not arrived"
        );
        let seen = seen.lock().unwrap().clone();
        assert!(seen.last().unwrap().0 - seen[0].0 >= milliseconds(450));
        rig.settled("tester-handle").await;
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn a_permanent_failure_is_a_dead_letter_at_once(on: On) {
        let rig = Rig::new(on).await;
        let double = Double::new(|event, tx| {
            Box::pin(async {
                effect(event, tx).await?;
                Err(Failure::permanent("no such customer\r\nX-Evil: 1"))
            })
        });
        let service = rig.serve(HANDLE, double.clone()).await;
        rig.send(&Happened::new("a", 1)).await;
        let letter = rig.wait_for_dead_letters(1).await.remove(0);
        assert_eq!(header(&letter, "Dead-Reason"), "permanent");
        assert_eq!(header(&letter, "Dead-Error"), "no such customer  X-Evil: 1");
        assert_eq!(header(&letter, "Dead-Attempts"), "1");
        assert_eq!(header(&letter, "X-Evil"), "");
        assert_eq!(double.count(), 1);
        rig.settled("tester-handle").await;
        assert!(service.effects().await.is_empty());
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn exhausted_attempts_are_a_dead_letter_with_the_last_error(on: On) {
        for (ordering, max_attempts) in [
            (jetway::Ordering::None, 4),
            (jetway::Ordering::Key, 4),
            (jetway::Ordering::None, 1),
            (jetway::Ordering::None, 2),
        ] {
            let rig = Rig::new(on).await;
            let (double, seen) = timed(|attempt| {
                Err(error(&format!("attempt {attempt} failed:\r\nout of paper\0")))
            });
            let operation = Operation { ordering, ..retry(max_attempts, milliseconds(10)) };
            let service = rig.serve(operation, double).await;
            rig.send(&Happened::new("a", 1)).await;
            let letter = rig.wait_for_dead_letters(1).await.remove(0);
            assert_eq!(header(&letter, "Dead-Reason"), "attempts-exhausted");
            assert_eq!(
                header(&letter, "Dead-Error"),
                format!("attempt {max_attempts} failed:  out of paper")
            );
            assert_eq!(header(&letter, "Dead-Attempts"), max_attempts.to_string());
            let (first, last) = (header(&letter, "Dead-First-Failure"), header(&letter, "Dead-Last-Failure"));
            assert!(first <= last, "{first} {last}");
            assert_eq!(seen.lock().unwrap().len(), max_attempts as usize);
            rig.settled("tester-handle").await;
            service.stop().await.unwrap();
        }
    }
}

on_both! {
    async fn a_handler_that_outlasts_its_timeout_spends_an_attempt(on: On) {
        let rig = Rig::new(on).await;
        let double = Double::new(|event, tx| {
            Box::pin(async {
                effect(event, tx).await?;
                std::future::pending().await
            })
        });
        let operation = Operation { timeout: milliseconds(200), ..retry(3, milliseconds(10)) };
        let service = rig.serve(operation, double.clone()).await;
        rig.send(&Happened::new("a", 1)).await;
        let letter = rig.wait_for_dead_letters(1).await.remove(0);
        assert_eq!(header(&letter, "Dead-Reason"), "attempts-exhausted");
        assert_eq!(header(&letter, "Dead-Error"), "the handler did not finish within 200ms");
        assert_eq!(double.count(), 3);
        rig.settled("tester-handle").await;
        assert!(service.effects().await.is_empty());
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn a_panic_is_an_attempt_and_the_process_goes_on(on: On) {
        let rig = Rig::new(on).await;
        let double = Double::new(|event, tx| {
            Box::pin(async {
                effect(event, tx).await?;
                assert!(event.data.key != "boom", "this customer\nhas no name");
                Ok(())
            })
        });
        let service = rig.serve(retry(3, milliseconds(10)), double.clone()).await;
        for number in 0..10 {
            rig.send(&Happened::new(if number == 4 { "boom" } else { "a" }, number)).await;
        }
        let letter = rig.wait_for_dead_letters(1).await.remove(0);
        assert_eq!(header(&letter, "Dead-Reason"), "attempts-exhausted");
        assert_eq!(
            header(&letter, "Dead-Error"),
            "the handler panicked: this customer has no name"
        );
        rig.settled("tester-handle").await;
        assert_eq!(service.effects().await.len(), 9);
        assert_eq!(double.count(), 12);
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn a_panic_while_decoding_is_a_dead_letter(on: On) {
        for ordering in [jetway::Ordering::None, jetway::Ordering::Key] {
            let rig = Rig::new(on).await;
            let service = rig.serve(Operation { ordering, ..HANDLE }, Double::effect()).await;
            let mut poison = Happened::new("a", 1);
            poison.text = Some("panic".to_owned());
            rig.send(&poison).await;
            rig.send(&Happened::new("a", 2)).await;
            let letter = rig.wait_for_dead_letters(1).await.remove(0);
            assert_eq!(header(&letter, "Dead-Reason"), "undecodable");
            assert_eq!(
                header(&letter, "Dead-Error"),
                "the code that decodes and checks the event panicked: panic"
            );
            rig.settled("tester-handle").await;
            assert_eq!(service.effects().await, [("a".to_owned(), 2)]);
            service.stop().await.unwrap();
        }
    }
}
