// Runs in the page that is measured: each function tells how long something took there, in milliseconds.
globalThis.measure = {
  /** Scrolls as a wheel does, a little every frame: how long each frame took. */
  scrolled: (frames, pixels) =>
    new Promise((resolve) => {
      const took = []
      let last = performance.now()
      const step = (now) => {
        took.push(now - last)
        last = now
        scrollBy(0, pixels)
        if (took.length > frames) resolve(took.slice(1))
        else requestAnimationFrame(step)
      }
      requestAnimationFrame(step)
    }),

  /** Jumps to a place in the list: after how long every row in sight shows its deal. */
  jumped: (share) =>
    new Promise((resolve) => {
      const began = performance.now()
      scrollTo(0, share * (document.documentElement.scrollHeight - innerHeight))
      const look = () => {
        const rows = [...document.querySelectorAll('.deal-table__body .deal-row')].filter((row) => {
          const { top, bottom } = row.getBoundingClientRect()
          return bottom > 0 && top < innerHeight
        })
        if (rows.length > 8 && rows.every((row) => !row.classList.contains('deal-row--coming'))) resolve(performance.now() - began)
        else requestAnimationFrame(look)
      }
      requestAnimationFrame(look)
    }),

  /** Presses a link of the menu: after how long the page is there, without a grey place holder. */
  turned: (link, heading) =>
    new Promise((resolve, reject) => {
      const anchor = [...document.querySelectorAll('.side a')].find((each) => each.textContent.includes(link))
      if (anchor === undefined) return reject(new Error(`no link ${link}`))
      const began = performance.now()
      anchor.click()
      const look = () => {
        const there = document.querySelector('h1')?.textContent === heading
        if (there && document.querySelector('[aria-busy=true], .waiting') === null) resolve(performance.now() - began)
        else requestAnimationFrame(look)
      }
      requestAnimationFrame(look)
    }),
}
