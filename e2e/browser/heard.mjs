// Waiting for what a client of the library is told.

/** Far beyond what anything takes, even on a busy machine. */
const PATIENCE = 30_000;

/** The next event of this name that is the wanted one. */
export function heard(client, name, wanted = () => true) {
  return new Promise((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error(`no ${name} came`)), PATIENCE);
    const leave = client.on(name, (event) => {
      if (!wanted(event)) return;
      clearTimeout(patience);
      leave();
      resolve(event);
    });
  });
}
