/** What an external FreeSWITCH (VESTIBULE_TEST_FREESWITCH_HOST ...) has of what the tests need. */
import { RawEsl } from '../../contract/freeswitch-raw-esl.ts';

/** Whether there is an external media server, and it does not have this module: `mod_opus`. */
export async function externalLacks(module: string): Promise<boolean> {
  const { VESTIBULE_TEST_FREESWITCH_HOST: host, VESTIBULE_TEST_FREESWITCH_PORT: port = '8021', VESTIBULE_TEST_FREESWITCH_SECRET: secret = 'ClueCon' } = process.env;
  if (host === undefined) return false;
  const esl = await RawEsl.connect(Number(port), host);
  try {
    await esl.command(`auth ${secret}`);
    return (await esl.api(`module_exists ${module}`)) !== 'true';
  } finally {
    esl.close();
  }
}
