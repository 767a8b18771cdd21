// Means and draws of the priors that a published model has, from their parameters.

/**
 * Rows of one width, one after the other.
 * @typedef {{width: number, data: Float32Array}} Rows
 * @typedef {Record<string, Rows>} Parameters by name, a row for each code, or one for all
 * @typedef {"normal" | "mixture" | "class" | "flow" | "value"} Form
 * @typedef {import("./draws.js").Generator} Generator
 */

/**
 * Row `n` of some, or the only one.
 * @param {Rows} rows
 * @param {number} n
 */
export const rowOf = ({ width, data }, n) =>
  data.length > width ? data.subarray(n * width, (n + 1) * width) : data;

/**
 * The mean of each of `count` rows, and of a class the most probable one.
 * @param {Form} form
 * @param {Parameters} parameters
 * @param {number} count
 * @returns {Rows}
 */
export function meanOf(form, parameters, count) {
  if (form === "class")
    return filled(count, (n) =>
      oneHot(largest(rowOf(parameters.probabilities, n)), parameters.probabilities.width),
    );
  if (form !== "mixture") return filled(count, (n) => rowOf(parameters.mean, n));
  return filled(count, (n) => {
    const weights = softmax(rowOf(parameters.log_weights, n));
    const means = rowOf(parameters.means, n);
    const width = means.length / weights.length;
    return Float32Array.from({ length: width }, (_, d) =>
      weights.reduce((sum, weight, m) => sum + weight * means[m * width + d], 0),
    );
  });
}

/**
 * A draw of each of `count` rows, in the order in which torch takes its random numbers; deviations from the mean times the temperature.
 * @param {Form} form all but a flow, whose draws a graph makes of noise
 * @param {Parameters} parameters
 * @param {number} count
 * @param {Generator} generator
 * @param {number} temperature
 * @returns {Rows}
 */
export function drawOf(form, parameters, count, generator, temperature) {
  if (form === "value") return meanOf(form, parameters, count);
  if (form === "class") {
    const { probabilities } = parameters;
    const chosen = chosenOf(probabilities, count, generator, (row) => row);
    return filled(count, (n) => oneHot(chosen[n], probabilities.width));
  }
  if (form === "normal") {
    const { mean, log_variance: spread } = parameters;
    return drawn(count, mean.width, generator, temperature, (n) => [rowOf(mean, n), rowOf(spread, n)]);
  }
  const { log_weights: weights, means, log_variances: spreads } = parameters;
  const chosen = chosenOf(weights, count, generator, softmax);
  const width = means.width / weights.width;
  /** @type {(rows: Rows, n: number) => Float32Array} */
  const part = (rows, n) => rowOf(rows, n).subarray(chosen[n] * width, (chosen[n] + 1) * width);
  return drawn(count, width, generator, temperature, (n) => [part(means, n), part(spreads, n)]);
}

/**
 * @param {number} count
 * @param {number} width
 * @param {Generator} generator
 * @param {number} temperature
 * @param {(n: number) => [Float32Array, Float32Array]} of mean and log variance of a row
 */
function drawn(count, width, generator, temperature, of) {
  const noise = generator.normals(count * width);
  return filled(count, (n) => {
    const [mean, spread] = of(n);
    return mean.map((value, d) => value + temperature * Math.exp(spread[d] / 2) * noise[n * width + d]);
  });
}

/**
 * For each row the first category whose cumulated probability reaches a uniform number.
 * @param {Rows} rows
 * @param {number} count
 * @param {Generator} generator
 * @param {(row: Float32Array) => Float32Array} probable
 */
function chosenOf(rows, count, generator, probable) {
  return Array.from(generator.uniforms(count), (uniform, n) => {
    const shares = probable(rowOf(rows, n));
    let [sum, at] = [0, 0];
    while (at < shares.length - 1 && (sum += shares[at]) < uniform) at++;
    return at;
  });
}

/** @param {ArrayLike<number>} values */
export function largest(values) {
  let best = 0;
  for (let at = 1; at < values.length; at++) if (values[at] > values[best]) best = at;
  return best;
}

/**
 * @param {number} at
 * @param {number} width
 */
export const oneHot = (at, width) => Float32Array.from({ length: width }, (_, k) => Number(k === at));

/** @param {Float32Array} values */
function softmax(values) {
  const most = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/**
 * @param {number} count
 * @param {(n: number) => ArrayLike<number>} row
 * @returns {Rows}
 */
export function filled(count, row) {
  const first = row(0);
  const data = new Float32Array(count * first.length);
  data.set(first);
  for (let n = 1; n < count; n++) data.set(row(n), n * first.length);
  return { width: first.length, data };
}
