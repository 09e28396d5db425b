//! Any message that can be written.

use proptest::prelude::*;
use schemas::*;

pub(crate) fn reports() -> impl Strategy<Value = Report> {
    let position = (id(), 1..u64::MAX).prop_map(|(journal, seq)| JournalPosition { journal, seq });

    (gate(), timestamp(), maybe(id()), maybe(position), maybe(id()), body()).prop_map(
        |(gate, timestamp, id, journal, cause, body)| Report {
            source: Source::Gate(gate),
            timestamp,
            id,
            journal,
            cause,
            body,
        },
    )
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        states(),
        (text(), maybe(text()), one_of(&[Decision::Granted, Decision::Denied]), maybe(text()))
            .prop_map(|(card_id, reader, decision, reason)| {
                Body::CardDetected(CardDetected { card_id, reader, decision, reason })
            }),
        passage().prop_map(Body::ParkingEntry),
        passage().prop_map(Body::ParkingExit),
        (
            one_of(&[EventName::Entry, EventName::Tailgate, EventName::Auto]),
            maybe(id()),
            maybe(text()),
            maybe(id()),
            maybe(id()),
            maybe(text())
        )
            .prop_map(|(event, event_id, card_id, image_id, command_id, detail)| {
                Body::ParkingEvent(ParkingEvent {
                    event,
                    event_id,
                    card_id,
                    image_id,
                    command_id,
                    detail,
                })
            }),
        (id(), any::<u32>(), any::<u32>(), any::<u64>(), text(), maybe(id())).prop_map(
            |(image_id, width, height, size, trigger, event_id)| {
                let url = format!("/gates/gate_in/images/{image_id}.jpg");
                Body::ImageCaptured(ImageCaptured {
                    image_id,
                    content_type: "image/jpeg".to_owned(),
                    width,
                    height,
                    size,
                    sha256: "0".repeat(64),
                    trigger,
                    event_id,
                    url,
                })
            }
        ),
        (text(), text(), maybe(id()), maybe(text())).prop_map(
            |(code, message, command_id, detail)| {
                Body::Error(Fault { code, message, command_id, detail })
            }
        ),
        answer().prop_map(Body::GateControlResponse),
        answer().prop_map(Body::CameraControlResponse),
    ]
}

fn states() -> impl Strategy<Value = Body> {
    let system = (
        one_of(&[SystemState::Online, SystemState::Degraded, SystemState::Offline]),
        id(),
        maybe(text()),
        maybe(timestamp()),
        maybe(any::<bool>()),
        maybe(any::<u64>()),
    )
        .prop_map(|(state, boot, version, started_at, simulated, last_seq)| {
            Body::SystemStatus(SystemStatus {
                state,
                boot,
                version: version.clone(),
                started_at,
                simulated,
                contract: Some(CONTRACT.to_owned()),
                journal: None,
                last_seq,
                unsent: last_seq,
                clock: version.clone(),
                reason: version,
            })
        });
    let hardware = (any::<bool>(), maybe(text()), barrier_status(), maybe(any::<bool>())).prop_map(
        |(connected, detail, gate_status, vehicle_present)| {
            Body::HardwareStatus(HardwareStatus {
                camera: Camera {
                    connected,
                    status: Some(CameraStatus::Ready),
                    detail: detail.clone(),
                },
                card_reader: CardReader {
                    connected,
                    port: detail.clone(),
                    status: None,
                    detail: None,
                },
                arduino: Arduino {
                    connected,
                    gate_status,
                    port: detail.clone(),
                    vehicle_present,
                    firmware: detail.clone(),
                    detail,
                },
            })
        },
    );

    prop_oneof![system, hardware, gate_status()]
}

fn gate_status() -> impl Strategy<Value = Body> {
    (
        barrier_status(),
        one_of(&[LaneMode::Auto, LaneMode::EmergencyOpen]),
        maybe(any::<bool>()),
        maybe(one_of(&[GateFault::MovementTimeout, GateFault::LoopStuck])),
        maybe(id()),
        maybe(one_of(&[MovedBy::Card, MovedBy::Safety])),
        maybe(text()),
        maybe(timestamp()),
    )
        .prop_map(|(status, mode, present, fault, last_command_id, moved_by, why, until)| {
            Body::GateStatus(GateStatus {
                status,
                mode,
                vehicle_present: present,
                vehicle_waiting: present,
                fault,
                last_command_id,
                moved_by,
                mode_owner: why.clone(),
                mode_reason: why,
                mode_until: until,
            })
        })
}

fn passage() -> impl Strategy<Value = Passage> {
    let trigger = one_of(&[PassageTrigger::Card, PassageTrigger::Manual]);
    let confirmation = one_of(&[Confirmation::Confirmed, Confirmation::Assumed]);

    (id(), maybe(text()), maybe(id()), trigger, confirmation).prop_map(
        |(event_id, card_id, image_id, trigger, passage)| Passage {
            event_id,
            card_id,
            image_id,
            trigger,
            passage,
        },
    )
}

fn answer() -> impl Strategy<Value = Answer> {
    let status = one_of(&[AnswerStatus::Accepted, AnswerStatus::Failed]);
    let code = maybe(one_of(&[AnswerCode::ModeLocked, AnswerCode::Duplicate]));

    (id(), text(), status, code, maybe(text()), maybe(barrier_status()), maybe(any::<u64>()))
        .prop_map(|(command_id, action, status, code, message, gate_status, elapsed_ms)| Answer {
            command_id,
            action,
            status,
            success: status.is_success(),
            code,
            message,
            gate_status,
            image_id: None,
            sha256: None,
            elapsed_ms,
        })
}

pub(crate) fn commands() -> impl Strategy<Value = Command> {
    (command_body(), gate(), maybe(timestamp()), maybe(id()), maybe(id()), extra()).prop_map(
        |(body, gate, timestamp, id, cause, extra)| Command {
            body,
            gate,
            timestamp,
            id,
            cause,
            extra,
        },
    )
}

fn command_body() -> impl Strategy<Value = CommandBody> {
    prop_oneof![
        (
            one_of(&[GateAction::Open, GateAction::HoldClosed, GateAction::EmergencyReset]),
            maybe((1..=3600u16).prop_map(|s| OpenSeconds::try_from(f64::from(s)).unwrap())),
            maybe(id()),
            maybe(text()),
            maybe(timestamp()),
            extra()
        )
            .prop_map(|(action, duration, command_id, reason, expires_at, extra)| {
                CommandBody::GateControl(GateControl {
                    action,
                    gate_id: None,
                    duration,
                    command_id,
                    reason: reason.clone(),
                    requested_by: reason.clone(),
                    expires_at,
                    until: expires_at,
                    card_id: reason,
                    extra,
                })
            }),
        (one_of(&[CameraAction::Capture, CameraAction::StartStream]), maybe(any::<u32>()), extra())
            .prop_map(|(action, fps, extra)| {
                CommandBody::CameraControl(CameraControl {
                    action,
                    gate_id: None,
                    command_id: None,
                    image_id: None,
                    fps,
                    max_seconds: fps,
                    requested_by: None,
                    expires_at: None,
                    extra,
                })
            }),
        (maybe(id()), extra()).prop_map(|(command_id, extra)| {
            CommandBody::RequestStatus(RequestStatus {
                gate_id: None,
                command_id,
                requested_by: None,
                extra,
            })
        }),
        (maybe(id()), any::<u64>(), maybe(any::<u64>()), extra()).prop_map(
            |(journal, from_seq, to_seq, extra)| {
                CommandBody::RequestEvents(RequestEvents {
                    gate_id: None,
                    command_id: None,
                    journal,
                    from_seq,
                    to_seq,
                    requested_by: None,
                    extra,
                })
            }
        ),
    ]
}

/// What a later version may add: names that this version does not use.
fn extra() -> impl Strategy<Value = serde_json::Map<String, serde_json::Value>> {
    prop::collection::btree_map("x_[a-z]{1,8}", text(), 0..3)
        .prop_map(|fields| fields.into_iter().map(|(name, value)| (name, value.into())).collect())
}

fn gate() -> impl Strategy<Value = GateId> {
    "gate_[a-z0-9]{1,10}".prop_filter_map("reserved", |name| name.parse().ok())
}

fn id() -> impl Strategy<Value = Id> {
    "[!-~]{1,128}".prop_map(|text| text.parse().unwrap())
}

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,20}"
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    (0..4_000_000_000_000i64).prop_map(|ms| Timestamp::from_millisecond(ms).unwrap())
}

fn barrier_status() -> impl Strategy<Value = BarrierStatus> {
    one_of(&[BarrierStatus::Closed, BarrierStatus::Opening, BarrierStatus::Unknown])
}

fn one_of<T: Clone + std::fmt::Debug + 'static>(values: &[T]) -> impl Strategy<Value = T> + use<T> {
    prop::sample::select(values.to_vec())
}

fn maybe<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::of(value)
}
