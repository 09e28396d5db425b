//! What a lane raises an alarm about, as the `error` of the contract.

use lane::{Alarm, BarrierOrder, WhichLoop};
use schemas::Fault;

pub(super) fn fault(alarm: Alarm) -> Fault {
    let (code, message) = match alarm {
        Alarm::LoopStuck(which) => ("loop_stuck", loop_stuck(which)),
        Alarm::OrderRefused(order) => ("order_refused", order_refused(order)),
    };

    Fault { code: code.to_owned(), message, command_id: None, detail: None }
}

fn loop_stuck(which: WhichLoop) -> String {
    let place = match which {
        WhichLoop::Closing => "under the boom",
        WhichLoop::Arming => "in front of the boom",
    };

    format!(
        "the loop {place} has been occupied for too long: look whether a vehicle stands there, \
         and check the loop and its detector"
    )
}

fn order_refused(order: BarrierOrder) -> String {
    let what = match order {
        BarrierOrder::Open => "open",
        BarrierOrder::Close => "close",
        BarrierOrder::Stop => "stop",
    };

    format!("the barrier controller refuses to {what}: look at the barrier")
}
