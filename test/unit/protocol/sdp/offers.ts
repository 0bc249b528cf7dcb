/** Offers as room systems send them, written for these tests. */

export const TELEPHONE = `v=0\r
o=- 1 1 IN IP4 192.0.2.10\r
s=-\r
c=IN IP4 192.0.2.10\r
t=0 0\r
m=audio 4000 RTP/AVP 8 0 101\r
a=rtpmap:8 PCMA/8000\r
a=rtpmap:0 PCMU/8000\r
a=rtpmap:101 telephone-event/8000\r
a=fmtp:101 0-16\r
a=ptime:20\r
`;

/** Two video lines (main and content), BFCP and H.224: the lines of a Cisco endpoint. */
export const ROOM_SYSTEM = `v=0\r
o=tandberg 42 1 IN IP4 192.0.2.20\r
s=-\r
c=IN IP4 192.0.2.20\r
b=AS:6000\r
t=0 0\r
a=group:BUNDLE 1 2\r
a=group:LS 1 2\r
m=audio 2326 RTP/AVP 107 9 8 0 101 100\r
b=TIAS:64000\r
a=rtpmap:107 MP4A-LATM/90000\r
a=fmtp:107 profile-level-id=25;object=23;bitrate=128000\r
a=rtpmap:9 G722/8000\r
a=rtpmap:8 PCMA/8000\r
a=rtpmap:0 PCMU/8000\r
a=rtpmap:100 telephone-event/48000\r
a=rtpmap:101 telephone-event/8000\r
a=fmtp:101 0-15\r
a=label:10\r
a=mid:1\r
a=sendrecv\r
m=video 2328 RTP/AVP 97 98\r
b=TIAS:6000000\r
a=rtpmap:97 H264/90000\r
a=fmtp:97 profile-level-id=428014;max-mbps=245000\r
a=rtpmap:98 H263-1998/90000\r
a=content:main\r
a=label:11\r
a=mid:2\r
m=application 5070 UDP/BFCP *\r
a=floorctrl:c-s\r
a=confid:1\r
a=floorid:2 mstrm:12\r
a=setup:actpass\r
m=video 2330 RTP/AVP 97\r
a=rtpmap:97 H264/90000\r
a=content:slides\r
a=label:12\r
m=application 2332 RTP/AVP 104\r
a=rtpmap:104 H224/4800\r
m=image 2334 udptl t38\r
a=T38FaxVersion:0\r
`;

export const SRTP_ONLY = `v=0\r
o=- 1 1 IN IP4 192.0.2.10\r
s=-\r
c=IN IP4 192.0.2.10\r
t=0 0\r
m=audio 4000 RTP/SAVP 0\r
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r
`;

/** Encrypted first, in the clear as the second choice. */
export const SRTP_AND_RTP = SRTP_ONLY + 'm=audio 4002 RTP/AVPF 0\r\n';

/** A suite nobody has: only the line in the clear is left. */
export const UNUSABLE_SRTP_AND_RTP = SRTP_AND_RTP.replace('AES_CM_128_HMAC_SHA1_80', 'F8_128_HMAC_SHA1_80');
