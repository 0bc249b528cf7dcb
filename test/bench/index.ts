/** `npm run bench`: what a call feels like; `capacity`: how many there can be; `calls`: how many a second; `dtmf`: how many keys are read right; `stores`: what the database costs; `api`: how soon a command is heard; `schedules`: what a recurring room costs. */
if (process.argv[2] === 'capacity') {
  const { capacityMain } = await import('./capacity-main.ts');
  await capacityMain(process.argv.slice(3));
} else if (process.argv[2] === 'calls') {
  const { callsMain } = await import('./calls-main.ts');
  await callsMain(process.argv.slice(3));
} else if (process.argv[2] === 'dtmf') {
  const { dtmfMain } = await import('./dtmf-main.ts');
  await dtmfMain(process.argv.slice(3));
} else if (process.argv[2] === 'stores') {
  await import('./stores.ts');
} else if (process.argv[2] === 'api') {
  await import('./api.ts');
} else if (process.argv[2] === 'schedules') {
  await import('./schedules.ts');
} else {
  await import('./main.ts');
}
