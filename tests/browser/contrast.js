// Gives the poorest contrast between a text and what lies behind it, and that text.
const parse = (colour) => {
  const numbers = colour.match(/[\d.]+/g).map(Number);
  return numbers.length < 4 ? [...numbers, 1] : numbers;
};
const luminance = (colour) => {
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const [red, green, blue] = colour.slice(0, 3).map((part) => linear(part / 255));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const behind = (element) => {
  const layers = [];
  for (; element; element = element.parentElement)
    layers.unshift(parse(getComputedStyle(element).backgroundColor));
  const over = (ground, layer) => ground.map((v, i) => v * (1 - layer[3]) + layer[i] * layer[3]);
  return layers.reduce(over, [0, 0, 0]);
};
const says = (element) =>
  [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
const contrast = (element) => {
  const paint = getComputedStyle(element)[element.closest("svg") ? "fill" : "color"];
  const [more, less] = [luminance(parse(paint)), luminance(behind(element))].sort((a, b) => b - a);
  return [(more + 0.05) / (less + 0.05), element.textContent];
};
return [...document.body.querySelectorAll("*")]
  .filter((element) => element.tagName !== "title" && element.checkVisibility() && says(element))
  .map(contrast)
  .sort((a, b) => a[0] - b[0])[0];
