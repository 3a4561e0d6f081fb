// The line to the registry: what is done while it is cut, and what is said when it is not any more.

const RETRY_MS = 5_000;
const MOST_RETRY_MS = 60_000;
const NEWS_MS = 10_000;

export class Line {
  /** `again` asks the registry once more; `changed` is told when the news is old. */
  constructor(again, changed) {
    this.again = again;
    this.changed = changed;
    this.isDown = false;
    this.retryMs = RETRY_MS;
    this.news = null;
  }

  /** Asks again later: each time later than before, and not from every browser at once. */
  isCut() {
    this.isDown = true;
    this.news = null;
    this.later(this.retryMs * (1 + Math.random() / 4), this.again);
    this.retryMs = Math.min(MOST_RETRY_MS, this.retryMs * 2);
  }

  /** Has something to say when it was cut before. What is cut again at once is not asked sooner for it. */
  isMended() {
    if (!this.isDown) return;
    this.isDown = false;
    this.news = "The registry answers again: this is its newest list.";
    this.later(NEWS_MS, () => {
      this.retryMs = RETRY_MS;
      this.news = null;
      this.changed();
    });
  }

  later(afterMs, work) {
    clearTimeout(this.timer);
    this.timer = setTimeout(work, afterMs);
  }

  end() { clearTimeout(this.timer); }
}
