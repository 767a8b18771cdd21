"""Finding what can be pressed on a page, pressing it, and waiting until the app has answered."""

import re
from typing import Any, NamedTuple
from urllib.parse import urlsplit

# Resolves once the script has run and a few looks have found nothing new.
SETTLED = """seconds => new Promise((resolve, reject) => {
    const end = performance.now() + seconds * 1000
    let calm = 0, before = ''
    const look = () => {
        const app = document.querySelector('[data-testid=stApp]')
        const rests = app?.dataset.testScriptState === 'notRunning' && app?.dataset.testConnectionState === 'CONNECTED'
        const now = `${document.querySelectorAll('*').length} ${location.href}`
        const waits = document.querySelector('[data-testid=stSkeleton], [data-testid=stMain] [data-stale=true]')
        calm = rests && !waits && now === before ? calm + 1 : 0
        before = now
        if (calm >= 3) resolve(true)
        else if (performance.now() > end) reject(new Error(`the app did not come to rest within ${seconds} s`))
        else setTimeout(look, 40)
    }
    look()
})"""

# What can be pressed and is seen, in the order of the document and through the shadow trees: each is given a number to be found by.
FOUND = """() => {
    const wanted = 'button, a[href], [role=tab], [role=button], [role=radio], [role=switch], [role=checkbox], summary, ' +
        'input:not([type=hidden]):not([type=file]), select, [role=option], [role=menuitem], .modebar-btn'
    const found = []
    const written = element => {  // without the names of its icons, which change as it opens and shuts
        const copy = element.cloneNode(true)
        copy.querySelectorAll('[data-testid=stIconMaterial]').forEach(icon => icon.remove())
        return copy.textContent
    }
    const clipped = element => {  // for the eyes of screen readers alone
        for (let at = element; at; at = at.parentElement) {
            const style = getComputedStyle(at)
            if (style.clip !== 'auto' || style.clipPath === 'inset(50%)') return true
        }
        return false
    }
    const walk = (root, host) => {
        for (const element of root.querySelectorAll('*')) {
            delete element.dataset.press
            if (element.matches(wanted)) {
                const box = element.getBoundingClientRect()
                const seen = box.width > 1 && box.height > 1 && box.right > 0 && element.checkVisibility({ visibilityProperty: true }) && !clipped(element)
                const keyed = (host ?? element).closest('[class*=st-key-]')
                const label = element.closest('label')
                const name = element.getAttribute('aria-label') || element.dataset.title || label?.innerText ||
                    written(element) || element.title || element.dataset.testid || ''
                const frame = (host ?? element).closest('[data-testid=stSidebar], [data-testid=stHeader]')
                const over = (host ?? element).closest('[role=dialog], [data-testid=stPopoverBody], [role=listbox], [data-baseweb=popover]')
                if (seen && !element.disabled && element.getAttribute('aria-disabled') !== 'true') {
                    element.dataset.press = String(found.length)
                    found.push({
                        tag: element.localName, type: element.type ?? '', role: element.getAttribute('role') ?? '',
                        name: name.replace(/\\s+/g, ' ').trim().slice(0, 60), frame: Boolean(frame), over: Boolean(over),
                        hovered: Boolean((host ?? element).closest('[data-testid=stElementToolbar]')),
                        key: keyed ? [...keyed.classList].find(c => c.startsWith('st-key-')).slice(7) : '',
                        href: element.getAttribute('href') ?? '', lit: element.getAttribute('aria-checked') === 'true',
                    })
                }
            }
            if (element.shadowRoot) walk(element.shadowRoot, host ?? element)
        }
    }
    walk(document, null)
    return found
}"""

NAVIGATION = "[data-testid=stSidebarNav] a, [data-testid=stTopNavLink]"

# Longer than any run takes on two busy cores; and for how many milliseconds a control may be in motion.
SECONDS, PATIENCE = 120.0, 15_000


# What is the same code at every figure and widget.
LIBRARY = (
    "PNG",
    "SVG",
    "Zoom",
    "Pan",
    "Zoom in",
    "Zoom out",
    "Autoscale",
    "Reset axes",
    "Fullscreen",
    "Increment",
    "Decrement",
)


class Control(NamedTuple):
    """Something that can be pressed; `number` finds it until the page is looked at again."""

    number: int
    tag: str
    type: str
    role: str
    name: str
    key: str
    href: str
    frame: bool
    over: bool
    hovered: bool  # whether it appears under the pointer alone

    @property
    def kind(self) -> str:
        """What tells it from other controls, but not from those that differ by a number, such as the handles of dimensions."""
        key = "" if self.name in LIBRARY else self.key
        name = re.sub(r"^Remove .*", "Remove", self.name)  # what was chosen of several
        return re.sub(r"[\d.,]+", "#", f"{self.tag} {self.type} {self.role} {key} {name}")

    @property
    def leads_away(self) -> bool:
        return bool(self.href) and not self.href.startswith("#")

    @property
    def divides(self) -> bool:
        """Whether it changes what there is to press: it comes after what is there already."""
        return self.role in ("radio", "tab", "switch", "checkbox", "combobox") or self.tag in (
            "select",
            "summary",
        )

    def __str__(self) -> str:
        return f"{self.role or self.type or self.tag} “{self.name}”{f' of {self.key}' if self.key else ''}"


def settle(page: Any, seconds: float = SECONDS) -> None:
    """Wait until the script has run and the page is still; a page that is being replaced is waited for."""
    page.wait_for_selector("[data-testid=stApp]", state="attached")
    page.evaluate(SETTLED, seconds)


def opened(page: Any, address: str) -> None:
    page.goto(address)
    settle(page)


def pages(page: Any) -> dict[str, str]:
    """The pages that the app itself offers, path by title."""
    links = page.locator(NAVIGATION)
    links.first.wait_for()
    return {
        link.inner_text().strip().splitlines()[-1].strip(): urlsplit(link.get_attribute("href")).path
        for link in links.all()
    }


def controls(page: Any) -> list[Control]:
    return [
        Control(number, **{field: found[field] for field in Control._fields[1:]})
        for number, found in enumerate(page.evaluate(FOUND))
    ]


def press(page: Any, control: Control) -> None:
    """Press it as its kind is pressed: a slider moves a step, a choice goes on to the next option."""
    place = page.locator(f"[data-press='{control.number}']")
    page.mouse.move(0, 0)  # a hint goes as the pointer does
    if control.type == "range":
        place.focus()
        before = place.input_value()
        page.keyboard.press("ArrowRight")
        if place.input_value() == before:
            page.keyboard.press("ArrowLeft")
    elif control.role == "combobox":
        place.click(timeout=PATIENCE)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
    elif control.tag == "g":  # dots of a figure, which may lie on one another: by the keyboard each is there
        place.focus(timeout=PATIENCE)
        page.keyboard.press("Enter")
    elif control.tag == "input" and control.type in ("text", "number"):
        place.press("End", timeout=PATIENCE)
        page.keyboard.press("Enter")
    elif control.tag == "input":
        # The box itself is hidden behind what is drawn for it.
        place.evaluate("element => (element.closest('label') ?? element).click()")
    else:
        if control.hovered:
            place.locator("xpath=ancestor::*[@data-testid='stElementContainer'][1]").hover(timeout=PATIENCE)
        place.click(timeout=PATIENCE)
    settle(page)


def drag_over_map(page: Any) -> None:
    """A lasso round the middle of the first map."""
    box = page.locator(".latent-map .plot").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 80, y - 80)
    page.mouse.down()
    for corner in ((80, -80), (80, 80), (-80, 80), (-80, -78)):
        page.mouse.move(x + corner[0], y + corner[1], steps=4)
    page.mouse.up()
    settle(page)
