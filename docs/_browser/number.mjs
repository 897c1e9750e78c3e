// A number as people write it, by the rules of recdrop_lessons/course/predictions/written_number.py: a decimal
// comma or point, digits of any script, a real minus. null where it is none.

const FORM = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

// A script's digits stand together, from zero on.
function digit(letter) {
  let value = 0;
  while (/\p{Decimal_Number}/u.test(String.fromCodePoint(letter.codePointAt(0) - value - 1))) value++;
  return String(value % 10);
}

export function readNumber(text) {
  const plain = text.trim().replace(/\p{Decimal_Number}/gu, digit).replace(/[,٫，．]/, ".").replace(/[−－]/g, "-");
  return FORM.test(plain) && Number.isFinite(Number(plain)) ? Number(plain) : null;
}
