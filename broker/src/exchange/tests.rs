//! The order of messages, and routers that die.

use bytes::Bytes;
use tokio::task::JoinSet;

use super::*;
use crate::router::Event;
use crate::{
    admission::Principal,
    codec::RetainHandling,
    limits::Limits,
    store::{Durability, Location},
};

fn publication(payload: impl Into<Bytes>) -> Publication {
    Publication {
        topic: "a".into(),
        payload: payload.into(),
        qos: Qos::AtMostOnce,
        retain: false,
        expiry: None,
        properties: Bytes::new(),
    }
}

/// One that keeps nothing.
async fn exchange() -> Arc<Exchange> {
    let capacity = Capacity { messages: 10, bytes: 1 << 20 };
    let nowhere = Location { path: None, durability: Durability::Crash };
    let (store, mut contents) = Store::open(&nowhere).unwrap();

    Arc::new(
        Exchange::open(10, capacity, store, &mut contents, Root::default(), Arc::default())
            .await
            .unwrap(),
    )
}

/// A subscriber that is routed.
async fn subscriber(exchange: &Exchange) -> Link {
    {
        let mut inner = exchange.lock();
        inner.routes.insert("#".into());
        inner.index.route("#");
    }
    let mut link = exchange.attach().await.unwrap();
    link.subscribe(1, "#", 7).await;
    assert!(matches!(link.next().await, Ok(Event::Subscribed(7))));
    link
}

/// A subscriber that is connected and does not see these topics.
fn member(exchange: &Exchange, filter: &str, hidden: &[&str]) -> Member {
    let inbox = Arc::new(Inbox::new(&Limits::default()));
    inbox.attend();
    let sight = Principal::blind_to(hidden).sight();
    let member = Member { inbox, origin: Origin(7), record: None, sight };
    let request = Request {
        filter: filter.into(),
        qos: Qos::AtMostOnce,
        no_local: false,
        retain_as_published: false,
        retain_handling: RetainHandling::Always,
    };
    exchange.subscribe(&member, 1, &request, None, None, !topic::is_shared(filter));

    member
}

/// The payloads that wait for it.
fn waiting(member: &Member) -> Vec<Bytes> {
    let mut taken = std::collections::VecDeque::new();
    member.inbox.take(100, &mut taken).unwrap();

    taken.into_iter().map(|delivery| delivery.message.payload()).collect()
}

#[tokio::test]
async fn what_a_subscriber_does_not_see_is_withheld_retained_or_live() {
    let exchange = exchange().await;
    let retained = Publication { retain: true, ..publication("before") };
    exchange.publish(&retained, Origin(3), None).await.unwrap();
    let (blind, other) = (member(&exchange, "#", &["a"]), member(&exchange, "#", &["b"]));
    exchange.publish(&publication("after"), Origin(3), None).await.unwrap();

    assert_eq!(waiting(&blind), [""; 0]);
    assert_eq!(waiting(&other), ["before", "after"]);
}

#[tokio::test]
async fn of_those_who_take_turns_who_does_not_see_a_message_is_passed_over() {
    let exchange = exchange().await;
    let blind = member(&exchange, "$share/g/#", &["a"]);
    exchange.publish(&publication("1"), Origin(3), None).await.unwrap();
    let other = member(&exchange, "$share/g/#", &[]);
    for n in 2..=4 {
        exchange.publish(&publication(n.to_string()), Origin(3), None).await.unwrap();
    }

    assert_eq!(waiting(&blind), [""; 0]);
    assert_eq!(waiting(&other), ["2", "3", "4"]);
}

#[tokio::test]
async fn a_router_that_dies_is_replaced() {
    let exchange = exchange().await;
    let mut watch = JoinSet::new();
    watch.spawn({
        let exchange = Arc::clone(&exchange);
        async move { exchange.watch().await }
    });
    let mut link = subscriber(&exchange).await;

    for restarts in 1..4 {
        exchange.kill_router();
        assert!(link.next().await.is_err());
        link = subscriber(&exchange).await;
        while exchange.figures.router_restarts.value() < restarts {
            assert!(watch.try_join_next().is_none(), "nobody watches");
            tokio::task::yield_now().await;
        }
        exchange.publish(&publication("y"), Origin::BROKER, None).await.unwrap();
        let Ok(Event::Message(1, message)) = link.next().await else { panic!("no message") };
        assert!(message.topic() == b"a");
    }
}

#[tokio::test]
async fn a_link_that_falls_behind_is_told_so() {
    let exchange = exchange().await;
    let mut link = subscriber(&exchange).await;
    let large = Bytes::from(vec![0; 1 << 19]);
    for _ in 0..300 {
        exchange.publish(&publication("small"), Origin::BROKER, None).await.unwrap();
    }
    for _ in 0..60 {
        exchange.publish(&publication(large.clone()), Origin::BROKER, None).await.unwrap();
    }

    let mut heard = 0;
    while let Event::Message(..) = link.next().await.unwrap() {
        heard += 1;
    }
    assert!((1..360).contains(&heard), "{heard}");
}

#[tokio::test]
async fn messages_are_numbered_in_their_order() {
    let exchange = exchange().await;
    let mut link = subscriber(&exchange).await;
    for _ in 0..100 {
        exchange.publish(&publication("x"), Origin(3), None).await.unwrap();
    }

    for sequence in 1..=100 {
        let Ok(Event::Message(1, message)) = link.next().await else { panic!("no message") };
        assert_eq!((message.sequence(), message.origin()), (sequence, Origin(3)));
    }
}
