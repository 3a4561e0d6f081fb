// The field: what a form, a script and a framework may ask of an element that takes part in forms.

/** Holds `choice`, the value; who extends it has an `input`, and `close` and `showEraser` of its own. */
export class FormField extends HTMLElement {
  static formAssociated = true;

  constructor() {
    super();
    this.internals = this.attachInternals();
    this.choice = "";
  }

  /** Takes over what a framework set while the element was not known yet, and would else hide what is defined here. */
  connectedCallback() {
    for (const name of ["value", "required", "disabled"]) {
      if (!Object.hasOwn(this, name)) continue;
      const given = this[name];
      delete this[name];
      this[name] = given;
    }
  }

  get value() { return this.choice; }
  set value(id) { this.isTouched = true; this.set(id ?? ""); }
  get name() { return this.getAttribute("name") ?? ""; }
  set name(text) { this.setAttribute("name", text); }
  get form() { return this.internals.form; }
  get type() { return "model-picker"; }
  get required() { return this.hasAttribute("required"); }
  set required(is) { this.toggleAttribute("required", Boolean(is)); }
  get disabled() { return this.hasAttribute("disabled"); }
  set disabled(is) { this.toggleAttribute("disabled", Boolean(is)); }
  get validity() { return this.internals.validity; }
  get validationMessage() { return this.internals.validationMessage; }
  checkValidity() { return this.internals.checkValidity(); }
  reportValidity() { return this.internals.reportValidity(); }
  formResetCallback() { this.isTouched = false; this.set(this.getAttribute("value") ?? ""); }
  formDisabledCallback(is) { this.input.disabled = is; if (is) this.close(); this.showEraser(); }
  formStateRestoreCallback(state) { this.value = state; }

  validate() {
    if (this.required && !this.choice) this.internals.setValidity({ valueMissing: true }, "Pick a model.", this.input);
    else this.internals.setValidity({});
    this.input.setAttribute("aria-required", String(this.required));
    this.showEraser();
  }

  set(id) {
    this.choice = String(id);
    this.internals.setFormValue(this.choice || null);
    this.validate();
  }

  /** Tells the page of another value that the page did not set. */
  announce() {
    this.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }
}
