/** What `vestibule status` shows: the running process at one instant. Ages and due times are whole seconds. Holds no PIN. */
export interface Status {
  readonly version: string;
  readonly state: 'running' | 'draining';
  readonly uptimeSeconds: number;
  /** SIP URIs that reach this process, without the user part: `sip:192.0.2.1:5060`. */
  readonly listening: readonly string[];
  /** Where the REST API is reached, `https://meet.example.com`; absent until it is. */
  readonly api?: string;
  /** Rooms with somebody in them or in their lobby, or with a timer running. */
  readonly rooms: readonly RoomStatus[];
  /** Calls not yet in a room: at the attendant or at a PIN prompt. */
  readonly calls: readonly CallStatus[];
  /** How the embedded media server is doing; absent where media are elsewhere. */
  readonly media?: MediaStatus;
}

/** Whether new calls can be taken. */
export interface Readiness {
  readonly stores: 'up' | 'down';
  readonly signalling: 'up' | 'down';
  readonly media: 'up' | 'down';
  readonly calls: 'taken' | 'draining';
}

export interface MediaStatus {
  /** Threads that mix. */
  readonly workers: number;
  /** Packets are moved by the native addon, or one by one by Node. */
  readonly packetIo: 'native' | 'node';
  /** Ticks of 20 ms since the start that ran more than 5 ms late, those left out after a stall, and the largest lag. */
  readonly lateTicks: number;
  readonly skippedTicks: number;
  /** Ticks without the frame of another worker. */
  readonly relayUnderruns: number;
  /** Packets the system did not take: its buffers were full, or there is no way to the far end. */
  readonly unsentPackets: number;
  readonly largestLagMs: number;
}

export interface RoomStatus {
  readonly id: string;
  readonly name: string;
  readonly aliases: readonly string[];
  readonly state: 'closed' | 'open';
  readonly lock: 'locked' | 'unlocked';
  /** Conference first, then lobby, each in order of arrival. */
  readonly participants: readonly ParticipantStatus[];
  readonly timers: readonly TimerStatus[];
}

export interface ParticipantStatus {
  readonly id: string;
  readonly caller: string;
  readonly place: 'conference' | 'lobby';
  readonly role: 'host' | 'guest';
  /** The admission rule that let the caller in, as the policy calls it. */
  readonly rule: string;
  readonly audio: 'live' | 'muted';
  readonly forSeconds: number;
  readonly timers: readonly TimerStatus[];
}

export interface CallStatus {
  readonly id: string;
  readonly caller: string;
  readonly alias: string;
  /** What the call is at: `attendant`, `pin`, ... */
  readonly stage: string;
  readonly forSeconds: number;
  readonly timers: readonly TimerStatus[];
}

export interface TimerStatus {
  readonly name: string;
  readonly dueInSeconds: number;
}
