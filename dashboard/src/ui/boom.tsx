import { useEffect, useRef, useState } from "react";

import type { BarrierStatus } from "../client/index.ts";
import { type Travel, first, follow, measured } from "./travel.ts";
import "./boom.css";

interface Props {
  gate: string;
  status: BarrierStatus;
  vehicle?: boolean | undefined;
  waiting?: boolean | null | undefined;
}

/** Degrees from down to up. */
const RISE = 80;
/** How long the boom of each gate takes, as it was last seen. */
const lasting = new Map<string, number>();

/** The barrier of a gate, moving as the real one does. What it shows is said in words beside it. */
export function Boom({ gate, status, vehicle, waiting }: Props) {
  const travel = useTravel(gate, status);
  const known = ["closed", "opening", "open", "closing", "stopped"].includes(status);

  return (
    <svg className="barrier" viewBox="0 -8 168 146" aria-hidden="true" data-status={known ? status : "unknown"}>
      <path className="road" d="M0 134h168" />
      {waiting && <Car x={-42} kind="waiting" />}
      {vehicle && <Car x={66} kind="present" />}
      <rect className="post" x="34" y="86" width="22" height="48" rx="3" />
      <g
        className="boom"
        style={{
          transform: `rotate(${-RISE * travel.to}deg)`,
          transitionDuration: `${travel.lasts}ms`,
        }}
      >
        <rect className="arm" x="40" y="90" width="100" height="9" />
        {[58, 80, 102, 124].map((x) => (
          <path key={x} className="stripe" d={`M${x} 90h12l-4 9h-12z`} />
        ))}
        <rect className="edge" x="40" y="90" width="100" height="9" rx="1" />
      </g>
      <circle className="pivot" cx="45" cy="94.5" r="5" />
      {!known && (
        <text className="mark" x="45" y="76" textAnchor="middle">
          ?
        </text>
      )}
    </svg>
  );
}

function Car({ x, kind }: { x: number; kind: string }) {
  return (
    <g className="car" data-kind={kind} transform={`translate(${x} 106)`}>
      <path d="M2 22v-9l11-3 8-9h26l10 9 13 3v9z" />
      <circle cx="18" cy="22" r="6" />
      <circle cx="56" cy="22" r="6" />
    </g>
  );
}

function useTravel(gate: string, status: BarrierStatus): Travel {
  const [travel, setTravel] = useState(() => first(status, performance.now()));
  const latest = useRef(travel);

  useEffect(() => {
    const before = latest.current;
    if (before.status === status) return;

    const now = performance.now();
    const took = measured(before, status, now);
    if (took !== undefined) lasting.set(gate, took);
    latest.current = follow(before, status, now, lasting.get(gate));
    setTravel(latest.current);
  }, [gate, status]);

  return travel;
}
