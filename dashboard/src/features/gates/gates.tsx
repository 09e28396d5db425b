import { useDeferredValue, useState } from "react";

import { useTexts } from "../../i18n/index.ts";
import type { GateState } from "../../live/gate.ts";
import { useView } from "../../live/hooks.ts";
import { Icon } from "../../ui/icon.tsx";
import { change, useSettings } from "../../ui/settings.ts";

import { byAttention } from "../gate/view.ts";
import { FILTERS, type Filter, passes, sizeFor, summary } from "./overview.ts";
import { Tile } from "./tile.tsx";
import "./gates.css";

/** Every gate at a glance, those first that want somebody. */
export default function Gates() {
  const { t } = useTexts();
  const gates = useView("gates");
  const { size } = useSettings();
  const [filter, setFilter] = useState<Filter>("all");
  const [search, setSearch] = useState("");
  const shown = useShown(gates, filter, search);
  const drawn = size === "auto" ? sizeFor(gates.length) : size;
  const counts = summary(gates);

  return (
    <div className="stack">
      <div className="title">
        <h1>{t("gates.title")}</h1>
        <div className="row">
          <label className="search">
            <Icon name="search" />
            <span className="aloud">{t("gates.search")}</span>
            <input
              type="search"
              value={search}
              placeholder={t("gates.search")}
              onChange={(event) => setSearch(event.target.value)}
            />
          </label>
          <button
            type="button"
            className="button"
            data-size="small"
            aria-pressed={drawn === "compact"}
            onClick={() => change({ size: drawn === "compact" ? "large" : "compact" })}
          >
            {t("gates.compact")}
          </button>
        </div>
      </div>
      <div className="choices" role="group" aria-label={t("gates.filter")}>
        {FILTERS.map((one) => (
          <button
            key={one}
            type="button"
            className="button"
            data-size="small"
            aria-pressed={filter === one}
            onClick={() => setFilter(one)}
          >
            {t(`gates.filter.${one}`)} <span className="quiet">{counts[one]}</span>
          </button>
        ))}
      </div>
      {shown.length > 0 ? (
        <ul className="tiles" data-size={drawn}>
          {shown.map((gate) => (
            <li key={gate.id}>
              <Tile gate={gate} size={drawn} />
            </li>
          ))}
        </ul>
      ) : (
        <Nothing any={gates.length > 0} />
      )}
    </div>
  );
}

function Nothing({ any }: { any: boolean }) {
  const { t } = useTexts();
  const { told } = useView("connection");

  return <p className="empty">{t(any ? "gates.none_found" : told ? "gates.none" : "gates.waiting")}</p>;
}

function useShown(gates: readonly GateState[], filter: Filter, search: string): GateState[] {
  const wanted = useDeferredValue(search.trim().toLowerCase());

  return gates.filter((gate) => passes(gate, filter) && gate.id.includes(wanted)).sort(byAttention);
}
