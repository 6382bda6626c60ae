// CPython 3.14 as Pyodide builds it for WebAssembly, which has no threads and no sockets. In: {zip, program}. The
// program finds the zip's files in /opt, as a function finds those of its layers. What it prints is the output.
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { loadPyodide } from 'pyodide';

const { zip, program } = JSON.parse(await text(process.stdin));
const python = await loadPyodide();
python.unpackArchive(new Uint8Array(await readFile(zip)), 'zip', { extractDir: '/opt' });
python.runPython(program);
