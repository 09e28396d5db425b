import { memo } from "react";

import { useTexts } from "../../i18n/index.ts";
import type { GateState } from "../../live/gate.ts";
import { Age } from "../../ui/age.tsx";
import { Boom } from "../../ui/boom.tsx";
import { Chip } from "../../ui/chip.tsx";
import { useTime } from "../../ui/clock.ts";
import { Link } from "../../ui/link.tsx";
import { Control } from "../gate/control.tsx";
import { LatestCommand } from "../gate/command-line.tsx";
import { Devices } from "../gate/devices.tsx";
import { Picture } from "../gate/picture.tsx";
import { StateChips } from "../gate/state-chips.tsx";
import { attention, isStale, position, vehicle } from "../gate/view.ts";
import { useWords } from "../words.ts";

interface Props {
  gate: GateState;
  size: "large" | "compact";
}

/** One gate among many. Rendered when something of it changes. */
export const Tile = memo(function Tile({ gate, size }: Props) {
  const stale = useTime((now) => isStale(gate, now));
  const urgency = attention(gate);

  return (
    <article
      className="tile"
      aria-label={gate.id}
      data-gate={gate.id}
      data-size={size}
      data-attention={urgency}
      data-stale={stale || undefined}
    >
      <header>
        <h2>
          <Link to={{ page: "gate", gate: gate.id }}>{gate.id}</Link>
        </h2>
        {size === "large" && gate.system?.simulated && <SimulatedChip />}
      </header>
      {size === "large" ? <Large gate={gate} stale={stale} /> : <Compact gate={gate} stale={stale} />}
    </article>
  );
});

function Large({ gate, stale }: { gate: GateState; stale: boolean }) {
  const { t } = useTexts();
  const words = useWords();
  const card = gate.card;

  return (
    <>
      <div className="scene">
        <Boom
          gate={gate.id}
          status={position(gate)}
          vehicle={vehicle(gate)}
          waiting={gate.status?.vehicle_waiting}
        />
        <Picture gate={gate} />
      </div>
      <p className="position">
        <strong>{words.position(position(gate))}</strong>
        {gate.status && <span className="quiet">{words.mode(gate.status.mode)}</span>}
      </p>
      <div className="row chips">
        <StateChips gate={gate} stale={stale} />
      </div>
      <p className="last-card">
        {card ? (
          <>
            {t("gates.card")} <code>{card.card.card_id}</code> {words.decision(card.card.decision)}{" "}
            <Age since={card.at} />
          </>
        ) : (
          <span className="quiet">{t("gates.no_card")}</span>
        )}
      </p>
      <Devices gate={gate} />
      <footer>
        <Control gate={gate} actions={["open", "close", "stop"]} />
        <LatestCommand gate={gate.id} />
        <p className="small quiet">
          <Heard gate={gate} />
        </p>
      </footer>
    </>
  );
}

function Compact({ gate, stale }: { gate: GateState; stale: boolean }) {
  const words = useWords();

  return (
    <div className="scene">
      <Boom gate={gate.id} status={position(gate)} vehicle={vehicle(gate)} />
      <div>
        <p className="position">
          <strong>{words.position(position(gate))}</strong>
        </p>
        <StateChips gate={gate} stale={stale} most />
      </div>
    </div>
  );
}

function Heard({ gate }: { gate: GateState }) {
  const { t } = useTexts();

  return (
    <>
      {t("gates.heard")} <Age since={gate.heard} />
    </>
  );
}

function SimulatedChip() {
  const { t } = useTexts();

  return (
    <Chip tone="plain">
      {t("state.simulated")}
    </Chip>
  );
}
