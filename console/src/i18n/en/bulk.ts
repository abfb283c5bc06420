export const bulk = {
  sample: (count: string) => (count === '1' ? 'This concerns one deal:' : `This concerns ${count} deals, for example:`),
  progress: (done: string, of: string) => `${done} of ${of}`,
  went: (went: string, of: string) => `${went} of ${of} done`,
  failed: (count: string) => `${count} did not work:`,
  stopped: 'Stopped. What was done stays done.',
  stop: 'Stop',
}
