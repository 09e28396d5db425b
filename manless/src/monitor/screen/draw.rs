//! What is where on the terminal.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::{Block, Borders, Paragraph, Row, Table, TableState},
};
use schemas::{BarrierStatus, LaneMode, MessageType, SystemState};

use crate::monitor::{
    site::{Entry, Gate, Site},
    words,
};

const GOOD: Style = Style::new().fg(Color::Green);
const BAD: Style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
const BUSY: Style = Style::new().fg(Color::Yellow);
const QUIET: Style = Style::new().fg(Color::DarkGray);
/// Without the rows of the gates: its head and its frame.
const AROUND_GATES: u16 = 3;
const DETAILS: u16 = 6;

pub(crate) fn site(frame: &mut Frame<'_>, broker: &str, site: &Site, selected: usize) {
    let rows = u16::try_from(site.gates.len()).unwrap_or(u16::MAX);
    let gates = rows.saturating_add(AROUND_GATES).min(frame.area().height / 2);
    let [head, table, details, events, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(gates),
        Constraint::Length(DETAILS),
        Constraint::Min(3),
        Constraint::Length(1),
    ])
    .areas(frame.area());

    frame.render_widget(connection(broker, site), head);
    draw_gates(frame, table, site, selected);
    draw_details(frame, details, site, selected);
    draw_events(frame, events, site);
    frame.render_widget(Line::styled(" q quit   ↑↓ gate   times are UTC", QUIET), foot);
}

fn connection<'a>(broker: &'a str, site: &'a Site) -> Line<'a> {
    let (word, style) = match (&site.lost, site.connected) {
        (Some(reason), _) => (format!("no broker: {reason}"), BAD),
        (None, true) => ("connected".to_owned(), GOOD),
        (None, false) => ("connecting".to_owned(), BUSY),
    };

    Line::from(vec![
        Span::styled(" Manless ", Style::new().add_modifier(Modifier::BOLD)),
        Span::raw(format!("{broker}  ")),
        Span::styled(word, style),
    ])
}

fn draw_gates(frame: &mut Frame<'_>, area: Rect, site: &Site, selected: usize) {
    let head = ["gate", "agent", "boom", "mode", "vehicle", "barrier", "reader", "camera"];
    let widths = [16, 10, 10, 16, 9, 9, 9, 12].map(Constraint::Length);
    let rows = site.gates.iter().map(|(name, gate)| {
        let mut cells = vec![Span::raw(name.clone())];
        cells.extend(cells_of(gate));
        Row::new(cells)
    });
    let table = Table::new(rows, widths)
        .header(Row::new(head).style(QUIET))
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED))
        .block(Block::new().borders(Borders::ALL).title(" Gates "));

    let mut state = TableState::default().with_selected(Some(selected));
    frame.render_stateful_widget(table, area, &mut state);
}

fn cells_of(gate: &Gate) -> [Span<'static>; 7] {
    let unknown = || Span::styled("?", QUIET);
    let there = |connected: bool| match connected {
        true => Span::styled("there", GOOD),
        false => Span::styled("missing", BAD),
    };
    let status = gate.status.as_ref();
    let hardware = gate.hardware.as_ref();

    [
        gate.system.as_ref().map_or_else(unknown, |system| agent(system.state)),
        status.map_or_else(unknown, |status| boom(status.status)),
        status.map_or_else(unknown, |status| mode(status.mode)),
        match status.and_then(|status| status.vehicle_present) {
            Some(true) => Span::styled("present", BUSY),
            Some(false) => Span::raw("none"),
            None => Span::styled("-", QUIET),
        },
        hardware.map_or_else(unknown, |hardware| there(hardware.arduino.connected)),
        hardware.map_or_else(unknown, |hardware| there(hardware.card_reader.connected)),
        hardware.map_or_else(unknown, |hardware| match hardware.camera.status {
            Some(status) if hardware.camera.connected => Span::styled(words::of(&status), GOOD),
            Some(_) | None => there(hardware.camera.connected),
        }),
    ]
}

fn agent(state: SystemState) -> Span<'static> {
    let style = match state {
        SystemState::Online => GOOD,
        SystemState::Degraded | SystemState::Unknown => BUSY,
        SystemState::Stopped | SystemState::Offline => BAD,
    };

    Span::styled(words::of(&state), style)
}

fn boom(status: BarrierStatus) -> Span<'static> {
    let style = match status {
        BarrierStatus::Closed => Style::new(),
        BarrierStatus::Open => GOOD,
        BarrierStatus::Opening | BarrierStatus::Closing => BUSY,
        BarrierStatus::Stopped | BarrierStatus::Unknown => BAD,
    };

    Span::styled(words::of(&status), style)
}

fn mode(mode: LaneMode) -> Span<'static> {
    let style = match mode {
        LaneMode::Auto => Style::new(),
        LaneMode::HeldOpen | LaneMode::HeldClosed => BUSY,
        LaneMode::EmergencyOpen | LaneMode::OutOfService | LaneMode::Unknown => BAD,
    };

    Span::styled(words::of(&mode), style)
}

/// What the table has no room for.
fn draw_details(frame: &mut Frame<'_>, area: Rect, site: &Site, selected: usize) {
    let Some((name, gate)) = site.gates.iter().nth(selected) else {
        let waiting = Line::styled(" no gate has said anything yet", QUIET);
        return frame.render_widget(waiting, area);
    };
    let device = |what: &str, parts: [Option<&String>; 3]| {
        let parts: Vec<String> =
            parts.into_iter().flatten().map(|part| words::plain(part)).collect();
        Line::from(format!("{what:<8} {}", parts.join("  ")))
    };
    let mut lines = Vec::new();

    if let Some(hardware) = &gate.hardware {
        let (barrier, reader) = (&hardware.arduino, &hardware.card_reader);
        let firmware = barrier.firmware.as_ref().map(|name| format!("firmware {name}"));
        let ready = hardware.camera.status.as_ref().map(words::of);
        lines.push(device(
            "barrier",
            [barrier.port.as_ref(), firmware.as_ref(), barrier.detail.as_ref()],
        ));
        lines.push(device(
            "reader",
            [reader.port.as_ref(), reader.status.as_ref(), reader.detail.as_ref()],
        ));
        lines.push(device("camera", [ready.as_ref(), hardware.camera.detail.as_ref(), None]));
    }
    if let Some(fault) = gate.status.as_ref().and_then(|status| status.fault.as_ref()) {
        lines.push(Line::styled(format!("fault    {}", words::of(fault)), BAD));
    } else if let Some(unsent) = gate.system.as_ref().and_then(|system| system.unsent) {
        lines.push(Line::from(format!(
            "journal  {unsent} events that no broker has acknowledged, at the last change"
        )));
    }

    let block = Block::new().borders(Borders::ALL).title(format!(" {name} "));
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// The newest at the bottom, where the eye is.
fn draw_events(frame: &mut Frame<'_>, area: Rect, site: &Site) {
    let room = usize::from(area.height.saturating_sub(2));
    let skipped = site.events.len().saturating_sub(room);
    let lines: Vec<Line<'_>> = site.events.iter().skip(skipped).map(event).collect();
    let block = Block::new().borders(Borders::ALL).title(" Events, answers, changes ");

    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn event(entry: &Entry) -> Line<'_> {
    const VEHICLES: [MessageType; 3] =
        [MessageType::ParkingEntry, MessageType::ParkingExit, MessageType::CardDetected];
    let style = if entry.kind == MessageType::Error {
        BAD
    } else if VEHICLES.contains(&entry.kind) {
        GOOD
    } else {
        Style::new()
    };

    Line::from(vec![
        Span::styled(entry.time.strftime("%H:%M:%S ").to_string(), QUIET),
        Span::raw(format!("{} ", entry.gate)),
        Span::styled(format!("{} ", entry.kind), style),
        Span::raw(entry.text.as_str()),
    ])
}
