// A form made from what a spell says of itself: one field for each parameter, by its kind.
// Judges nothing: the host does, and its sentence is shown.

import { element } from "./journal.js";

const TEXT_BYTES_MAX = 256;

/** The fields of a spell. `world` knows `materials` and `entities()` and `target()`. */
export class Fields {
  #fields;

  constructor(params, world) {
    this.#fields = params.map((spec, at) => field(spec, `param-${at}`, world));
    this.elements = this.#fields.map((made) => made.element);
  }

  /** What the fields say, by name; what is left empty is left to the spell's default. */
  values() {
    const pairs = this.#fields.map(({ name, value }) => [name, value()]);
    return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
  }

  /** Takes over what was written in other fields, where it still fits. */
  keep(values) {
    for (const { name, set } of this.#fields) if (name in values) set(values[name]);
  }

  /** Marks the field that a refusal names, and goes there. */
  blame(message) {
    for (const { name, inputs } of this.#fields) {
      const named = message.includes(`\`${name}\``);
      for (const input of inputs) input.setAttribute("aria-invalid", String(named));
      if (named) inputs[0].focus();
    }
  }
}

function field(spec, id, world) {
  const [[kind, standard]] = Object.entries(spec.default);
  const made = kinds[kind](spec, standard, id, world);
  const title = [spec.label || spec.name];
  const unit = spec.unit ? [element("span", { className: "unit", text: ` in ${spec.unit}` })] : [];
  const help = element("div", { className: "help", id: `${id}-help`, text: [spec.help, range(spec)].filter(Boolean).join(" ") });
  for (const input of made.inputs) {
    input.setAttribute("aria-describedby", help.id);
    input.dataset.param = spec.name;
  }
  if (made.inputs.length > 1) {
    const box = element("fieldset", { className: "param" }, element("legend", {}, ...title, ...unit), made.body, help);
    return { ...made, name: spec.name, element: box };
  }
  const label = element("label", { htmlFor: id }, ...title, ...unit);
  return { ...made, name: spec.name, element: element("div", { className: "param" }, label, made.body, help) };
}

const range = ({ range: of }) => (of ? `From ${of[0]} to ${of[1]}.` : "");

/** One input whose text becomes a value. */
function single(input, read, write = (value) => { input.value = value; }) {
  return { inputs: [input], body: input, value: () => read(input), set: write };
}

function numeric(spec, standard, id, step) {
  const input = element("input", { id, type: "number", step, value: standard });
  if (spec.range) [input.min, input.max] = spec.range;
  return single(input, () => (input.value === "" ? undefined : Number(input.value)));
}

function chosen(id, options, standard) {
  const select = element("select", { id }, ...options.map(([value, text]) => new Option(text, value)));
  select.value = standard;
  return select;
}

/** Three numbers, and a button that takes the target's. */
function triple(standard, id, step, world, round) {
  const axes = ["x", "y", "z"];
  const inputs = axes.map((axis, at) =>
    element("input", { id: `${id}-${axis}`, type: "number", step, value: standard[at], ariaLabel: axis }));
  const take = element("button", { type: "button", text: "Target" });
  const set = (parts) => parts.forEach((part, at) => { inputs[at].value = round(part); });
  take.onclick = () => { const at = world.target(); if (at) set(at); };
  const body = element("div", { className: "three" }, ...inputs, take);
  return { inputs, body, set, value: () => inputs.map((input) => Number(input.value)) };
}

const kinds = {
  flag(spec, standard, id) {
    const input = element("input", { id, type: "checkbox", checked: standard });
    return single(input, () => input.checked, (value) => { input.checked = value; });
  },
  integer: (spec, standard, id) => numeric(spec, standard, id, "1"),
  number: (spec, standard, id) => numeric(spec, standard, id, "any"),
  text(spec, standard, id) {
    const input = spec.choices.length
      ? chosen(id, spec.choices.map((choice) => [choice, choice]), standard)
      : element("input", { id, maxLength: TEXT_BYTES_MAX, value: standard });
    return single(input, () => input.value);
  },
  material(spec, standard, id, world) {
    return single(chosen(id, world.materials.map(({ name }) => [name, name]), standard), (input) => input.value);
  },
  entity(spec, standard, id, world) {
    const known = world.entities().map(({ net_id: entity, kind }) => [String(entity), `${kind} ${entity}`]);
    if (!known.some(([entity]) => entity === String(standard))) known.unshift([String(standard), `entity ${standard}`]);
    return single(chosen(id, known, String(standard)), (input) => Number(input.value));
  },
  point: (spec, standard, id, world) => triple(standard, id, "any", world, (part) => Math.round(part * 1000) / 1000),
  block: (spec, standard, id, world) => triple(standard, id, "1", world, Math.floor),
};
