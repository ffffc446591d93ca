// The same renditions by sharp: node sharp_loop.cjs JOB.json FOLDER, where the folder has `sharp` installed.
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");

const job = JSON.parse(readFileSync(process.argv[2], "utf-8"));
const sharp = createRequire(process.argv[3] + "/package.json")("sharp");
const encode = {
  webp: (image) => image.webp({ quality: 80, effort: 4 }),
  // libheif's speed is 9 less the effort.
  avif: (image) => image.avif({ quality: 60, effort: 1 }),
  jpg: (image) => image.jpeg({ quality: 82, progressive: true, chromaSubsampling: "4:2:0" }),
};
// As many pictures at once as there are threads, each in one.
sharp.concurrency(1);
sharp.cache(false);

async function worker() {
  for (let one = job.renditions.shift(); one; one = job.renditions.shift()) {
    await encode[one.format](sharp(one.source).resize({ width: one.width })).toFile(one.output);
  }
}

Promise.all(Array.from({ length: job.threads }, worker)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
