/** `npm run bench`: what a call feels like; `npm run bench -- capacity`: how many there can be. */
if (process.argv[2] === 'capacity') {
  const { capacityMain } = await import('./capacity-main.ts');
  await capacityMain(process.argv.slice(3));
} else {
  await import('./main.ts');
}
