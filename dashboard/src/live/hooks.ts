/** How components see what is the case. Each renders when its part has changed, once a frame at most. */
import { createContext, useCallback, useContext, useEffect, useSyncExternalStore } from "react";

import type { GateState } from "./gate.ts";
import type { Live } from "./live.ts";
import type { Part, View } from "./store.ts";

export const LiveContext = createContext<Live | undefined>(undefined);

/** What sends commands. */
export function useLive(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error("a component that shows gates has to stand in a LiveContext");

  return live;
}

/** A part of what is known: `gates`, `events`, `connection`, `commands`, `traffic`. */
export function useView<Name extends Exclude<Part, "admin">>(part: Name): View[Name] {
  return usePart(part);
}

/** A gate, or nothing until it was heard of. Renders for this gate alone. */
export function useGate(id: string): GateState | undefined {
  const { store } = useLive();
  const subscribe = useCallback((listener: () => void) => store.subscribe(`gate ${id}`, listener), [store, id]);

  return useSyncExternalStore(subscribe, () => store.gate(id));
}

/** What `admin` tells, from when somebody looks. */
export function useAdmin(): View["admin"] {
  const live = useLive();
  useEffect(() => live.watchAdmin(), [live]);

  return usePart("admin");
}

function usePart<Name extends Part>(part: Name): View[Name] {
  const { store } = useLive();
  const subscribe = useCallback((listener: () => void) => store.subscribe(part, listener), [store, part]);

  return useSyncExternalStore(subscribe, () => store.view[part]);
}
