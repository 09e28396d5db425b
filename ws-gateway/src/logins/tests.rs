use schemas::Root;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_login_is_another_each_time_and_known_until_it_is_ended() {
    let (logins, now) = (logins(), Instant::now());
    let (one, other) = (logins.open(anybody(), now), logins.open(anybody(), now));
    assert_ne!(one, other);
    assert_eq!(one.expose().len(), 64);

    let stay = find(&logins, &one).unwrap();
    logins.end(one.expose().as_bytes());

    stay.over().await;
    assert!(find(&logins, &one).is_none());
    assert!(find(&logins, &other).is_some());
    assert!(logins.find(b"", now).is_none());
    assert!(logins.find(&key(other.expose().as_bytes()), now).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_login_that_nobody_uses_ends_and_one_that_is_used_does_not() {
    let logins = logins();
    let [unused, used] = [(); 2].map(|()| logins.open(anybody(), Instant::now()));
    let watching = logins.open(anybody(), Instant::now());
    let stay = find(&logins, &watching).unwrap();

    for _ in 0..3 {
        time::advance(9 * MINUTE).await;
        assert!(find(&logins, &used).is_some());
    }

    assert!(find(&logins, &unused).is_none());
    drop(stay);
    assert!(find(&logins, &watching).is_some());
    time::advance(10 * MINUTE).await;
    assert!(find(&logins, &watching).is_none());
}

#[tokio::test(start_paused = true)]
async fn no_login_outlives_its_lifetime() {
    let logins = logins();
    let id = logins.open(anybody(), Instant::now());
    let stay = find(&logins, &id).unwrap();
    assert_eq!(stay.left(Instant::now()), 60 * MINUTE);

    stay.over().await;

    assert_eq!(stay.left(Instant::now()), Duration::ZERO);
    assert!(find(&logins, &id).is_none());
}

#[tokio::test(start_paused = true)]
async fn of_too_many_logins_the_one_that_was_not_used_for_longest_ends() {
    let logins = logins();
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(logins.open(anybody(), Instant::now()));
        time::advance(MINUTE).await;
    }
    assert!(find(&logins, &ids[0]).is_some());
    time::advance(MINUTE).await;

    ids.push(logins.open(anybody(), Instant::now()));

    let known: Vec<bool> = ids.iter().map(|id| find(&logins, id).is_some()).collect();
    assert_eq!(known, [true, false, true, true]);
}

fn logins() -> Logins {
    Logins::new(LoginConfig { idle: 10 * MINUTE, lifetime: 60 * MINUTE, per_user: 3 })
}

fn anybody() -> User {
    access::Access::without_logins(&Root::default()).anonymous().unwrap()
}

fn find(logins: &Logins, id: &Secret) -> Option<Stay> {
    logins.find(id.expose().as_bytes(), Instant::now())
}
