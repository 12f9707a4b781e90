use super::watcher::EVENTS;
use super::*;

fn board() -> (Board, Receiver<Work>) {
    Board::new(Asker { session: "audex-1".to_owned(), ..Asker::default() })
}

fn wanted(resource: &str) -> Vec<Wanted> {
    let resources = vec![resource.to_owned()];
    vec![Wanted::new("s3:PutObject".to_owned(), resources)]
}

fn yes() -> Answer {
    Answer::Yes { once: false, seconds: None }
}

#[test]
fn the_same_ask_is_one_and_a_refused_one_is_not_asked_again() {
    let (board, _clerk) = board();
    let first = board.ask(wanted("a"), Some("first")).unwrap();
    assert_eq!(board.ask(wanted("a"), Some("again")).unwrap().id, first.id);
    let reason = "no".to_owned();
    board.set(&first.id, State::Refused { by: "me".to_owned(), reason });
    let again = board.ask(wanted("a"), None).unwrap();
    assert!(again.id == first.id && matches!(again.state, State::Refused { .. }));
    assert_ne!(board.ask(wanted("b"), None).unwrap().id, first.id);
    assert!(first.id.starts_with(ID_PREFIX));
}

#[test]
fn nobody_sees_an_ask_before_the_filters_have_agreed_and_nobody_can_answer_it() {
    let (board, _clerk) = board();
    let ask = board.ask(wanted("a"), None).unwrap();
    assert!(board.asks().is_empty());
    assert_eq!(board.answer(&ask.id, &yes(), "me"), Err(AnswerError::NotOpen(ask.id.clone())));
    board.set(&ask.id, State::Pending);
    assert_eq!(board.asks().len(), 1);
    assert_eq!(
        board.answer("ask-0", &Answer::No, "me"),
        Err(AnswerError::Unknown("ask-0".to_owned()))
    );
}

#[test]
fn a_yes_is_carried_out_once_however_many_give_it() {
    let (board, clerk) = board();
    let ask = board.ask(wanted("a"), None).unwrap();
    board.set(&ask.id, State::Pending);
    let granted = State::Granted { by: "me".to_owned(), until: u64::MAX, once: false };
    std::thread::scope(|scope| {
        let answers: Vec<_> =
            (0..4).map(|_| scope.spawn(|| board.answer(&ask.id, &yes(), "me"))).collect();
        let work: Vec<Work> = clerk.iter().take(2).collect();
        assert!(matches!(&work[..], [Work::Consider(_), Work::Grant { .. }]), "{work:?}");
        board.set(&ask.id, granted.clone());
        let answers: Vec<_> = answers.into_iter().map(|answer| answer.join().unwrap()).collect();
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    });
    assert!(clerk.try_recv().is_err());
    assert_eq!(board.get(&ask.id).unwrap().state, granted);
}

#[test]
fn a_flood_is_refused_and_asks_that_wait_are_few() {
    let (board, _clerk) = board();
    let asked: Vec<_> = (0..100).map(|n| board.ask(wanted(&n.to_string()), None)).collect();
    assert!(asked.iter().filter(|ask| ask.is_ok()).count() <= OPEN);
    assert!(asked.contains(&Err(NotAsked::TooOften)), "{asked:?}");
}

#[test]
fn a_closed_board_ends_what_is_open_and_takes_nothing() {
    let (board, clerk) = board();
    let ask = board.ask(wanted("a"), None).unwrap();
    board.set(&ask.id, State::Pending);
    let events = board.watch();
    board.close();
    assert_eq!(board.get(&ask.id).unwrap().state, State::Ended);
    assert_eq!(board.ask(wanted("b"), None), Err(NotAsked::Over));
    assert!(board.answer(&ask.id, &yes(), "me").is_err());
    assert!(matches!(events.iter().last(), Some(Event::Over)));
    assert!(matches!(clerk.iter().last(), Some(Work::Consider(_))));
}

#[test]
fn a_reason_is_one_short_line() {
    let (board, _clerk) = board();
    let why = format!("because\n\u{202e}of\u{1b}[2J {}", "x".repeat(10_000));
    let why = board.ask(wanted("a"), Some(&why)).unwrap().why.unwrap();
    assert!(why.starts_with("because  of [2J xxx") && why.chars().count() == WHY_CHARACTERS + 1);
}

#[test]
fn a_slow_watcher_loses_events_and_hears_how_many() {
    let (board, _clerk) = board();
    let events = board.watch();
    for _ in 0..EVENTS + 10 {
        board.decided("s3:GetObject", "a", true);
    }
    let first: Vec<Event> = events.try_iter().collect();
    assert_eq!(first.len(), EVENTS);
    board.decided("s3:GetObject", "b", true);
    assert_eq!(events.try_iter().next(), Some(Event::Lost { count: 10 }));
}

#[test]
fn boards_inside_share_the_limits_of_the_outermost_one() {
    let (outer, _clerk) = board();
    let outer = Arc::new(outer);
    let boards: Vec<_> =
        (0..8).map(|_| Board::inside(Asker::default(), Arc::clone(&outer))).collect();
    let (inner, _) = Board::inside(
        Asker::default(),
        Arc::new(Board::inside(Asker::default(), Arc::clone(&outer)).0),
    );
    let asked = boards.iter().map(|(one, _)| one.ask(wanted("a"), None)).collect::<Vec<_>>();
    assert_eq!(asked.iter().filter(|one| one.is_ok()).count(), 5, "{asked:?}");
    assert_eq!(inner.ask(wanted("a"), None), Err(NotAsked::TooOften));
    // A no to one of them counts for all.
    let (one, _) = &boards[0];
    for _ in 0..REFUSALS {
        one.count_refusal();
    }
    assert_eq!(outer.ask(wanted("b"), None), Err(NotAsked::Over));
    assert_eq!(boards[7].0.ask(wanted("b"), None), Err(NotAsked::Over));
}
