//! Joins the small parts of an answer's body, so that the command is woken once for several of them: a TLS
//! record has at most 16 KiB, and each part is written by a system call of its own.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// The bytes that are written together; the server keeps no more of a connection.
pub(crate) const TOGETHER: usize = 64 * 1024;

/// A body whose parts come several at a time.
pub(crate) struct Gathered<B: Body<Data = Bytes>> {
    inner: B,
    ready: VecDeque<Result<Frame<Bytes>, B::Error>>,
    bytes: usize,
    turn: Turn,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Parts are collected.
    Collect,
    /// Parts are collected, and the task that reads from the endpoint has had its turn since the last one.
    Waited,
    /// The collected parts are handed out.
    HandOut,
    /// The body has ended.
    Ended,
}

impl<B: Body<Data = Bytes>> Gathered<B> {
    pub(crate) fn new(inner: B) -> Self {
        Self { inner, ready: VecDeque::new(), bytes: 0, turn: Turn::Collect }
    }

    fn add(&mut self, part: Result<Frame<Bytes>, B::Error>) {
        self.turn = match &part {
            Ok(frame) => {
                self.bytes += frame.data_ref().map_or(0, Bytes::len);
                if self.bytes < TOGETHER { Turn::Collect } else { Turn::HandOut }
            }
            Err(_) => Turn::Ended,
        };
        self.ready.push_back(part);
    }

    fn hand_out(&mut self) -> Option<Result<Frame<Bytes>, B::Error>> {
        let part = self.ready.pop_front();
        if self.ready.is_empty() && self.turn != Turn::Ended {
            (self.turn, self.bytes) = (Turn::Collect, 0);
        }
        part
    }
}

impl<B: Body<Data = Bytes, Error: Unpin> + Unpin> Body for Gathered<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        while matches!(self.turn, Turn::Collect | Turn::Waited) {
            match Pin::new(&mut self.inner).poll_frame(context) {
                Poll::Ready(Some(part)) => self.add(part),
                Poll::Ready(None) => self.turn = Turn::Ended,
                Poll::Pending if self.ready.is_empty() => return Poll::Pending,
                Poll::Pending if self.turn == Turn::Waited => self.turn = Turn::HandOut,
                Poll::Pending => {
                    self.turn = Turn::Waited;
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(self.hand_out())
    }

    fn size_hint(&self) -> SizeHint {
        let here = self.ready.iter().flatten().filter_map(Frame::data_ref).map(Bytes::len);
        let here = here.sum::<usize>() as u64;
        let inner = self.inner.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + here);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + here);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// A body that is ready for as many parts as each list has, and pending once after each.
    struct Parts(VecDeque<VecDeque<Result<usize, &'static str>>>);

    impl Body for Parts {
        type Data = Bytes;
        type Error = &'static str;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
            let Some(list) = self.0.front_mut() else { return Poll::Ready(None) };
            let Some(part) = list.pop_front() else {
                self.0.pop_front();
                return Poll::Pending;
            };
            Poll::Ready(Some(part.map(|bytes| Frame::data(Bytes::from(vec![0; bytes])))))
        }
    }

    /// Returns what each poll returns: the bytes of a part, `None` while pending, an error, or the end.
    fn polled(lists: &[&[Result<usize, &'static str>]], polls: usize) -> Vec<String> {
        let lists = lists.iter().map(|list| list.iter().copied().collect());
        let mut body = Gathered::new(Parts(lists.collect()));
        let mut context = Context::from_waker(Waker::noop());
        let mut poll = || match Pin::new(&mut body).poll_frame(&mut context) {
            Poll::Pending => "pending".to_owned(),
            Poll::Ready(None) => "end".to_owned(),
            Poll::Ready(Some(Err(error))) => error.to_owned(),
            Poll::Ready(Some(Ok(frame))) => frame.data_ref().unwrap().len().to_string(),
        };
        (0..polls).map(|_| poll()).collect()
    }

    #[test]
    fn parts_that_come_one_after_the_other_are_handed_out_together() {
        let record = Ok(TOGETHER / 4);
        let record_text = (TOGETHER / 4).to_string();
        let lists: [&[_]; 4] = [&[record], &[record], &[record], &[record, Ok(1)]];
        let expected = ["pending", "pending", "pending"].map(str::to_owned);
        let together = std::array::from_fn::<_, 4, _>(|_| record_text.clone());
        let found = polled(&lists, 9);
        assert_eq!(found[..3], expected);
        assert_eq!(found[3..7], together);
        assert_eq!(found[7..], ["pending", "1"]);
    }

    #[test]
    fn a_part_without_a_next_one_waits_for_one_turn_only() {
        let lists: [&[_]; 3] = [&[Ok(5)], &[], &[Ok(6)]];
        assert_eq!(polled(&lists, 5), ["pending", "5", "pending", "6", "end"]);
    }

    #[test]
    fn an_error_comes_after_the_parts_before_it_and_ends_the_body() {
        let lists: [&[_]; 1] = [&[Ok(5), Ok(6), Err("cut off"), Ok(7)]];
        assert_eq!(polled(&lists, 4), ["5", "6", "cut off", "end"]);
    }
}
