/**
 * The library writes arguments to the event socket as they are: a line end would begin a command of its own, and FreeSWITCH
 * expands `${...}` inside arguments (D-33 of the protocol reference). Everything put into a command goes through here.
 */
export const argument = (text: string): string => text.replaceAll(/[\r\n\0]/g, '').replaceAll('${', '');

/** One word of an argument list: nothing that separates words, quotes, or names a profile or flags of a conference. */
export const word = (text: string): string => argument(text).replaceAll(/[^A-Za-z0-9._-]/g, '');

/** A file name among the words of a conference command, which single quotes keep together. */
export const quotedFile = (path: string): string => (/\s/.test(path) ? `'${argument(path).replaceAll("'", '')}'` : argument(path));

/** The name a conference has on the media server; the prefix tells ours from those of others. */
export const conferencePrefix = 'vestibule-';
export const conferenceName = (id: string): string => conferencePrefix + word(id);
