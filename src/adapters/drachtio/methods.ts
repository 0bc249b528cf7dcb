/** What we take: in an OPTIONS answer, and beside every refusal of a method (RFC 3261 §20.5, §11.2). */
export const allowed = 'INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, REGISTER';
export const accepted = 'application/sdp, application/dtmf-relay, application/dtmf';

/** Methods a stranger may send that we do not take; those inside a call never come here. */
export const refusedMethods: readonly string[] = ['message', 'subscribe', 'notify', 'publish', 'refer', 'info'];
