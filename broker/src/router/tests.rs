//! Routers that die while they are asked for links.

use tokio::task::JoinSet;

use super::*;

const ASKING: usize = 200;
const DEATHS: usize = 10;

#[tokio::test]
async fn a_router_that_dies_takes_a_thread_with_it_and_not_one_for_each_question() {
    let router = Router::start(2 * ASKING);

    for _ in 0..DEATHS {
        let mut entrance = Entrance::new(router.attach().await.unwrap());
        let mut witness = router.attach().await.unwrap();
        let mut asking = JoinSet::new();
        for n in 0..ASKING {
            let router = Arc::clone(&router);
            asking.spawn(async move { router.attach().await.map(drop) });
            if n == ASKING / 2 {
                tokio::task::yield_now().await;
                entrance.kill_router();
            }
        }
        assert!(witness.next().await.is_err());
        while let Some(answer) = asking.join_next().await {
            answer.unwrap().expect("there is a next router");
        }
    }

    let desks = lock(&router.current).desk.number + 1;
    assert!(desks <= 1 + 2 * DEATHS, "{desks} desks were opened");
}
