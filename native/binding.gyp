{
  "targets": [
    {
      "target_name": "packet_io",
      "conditions": [
        ["OS=='linux'", { "sources": ["packet_io.c"], "defines": ["NAPI_VERSION=8", "_GNU_SOURCE"], "cflags": ["-O2", "-Wall", "-Wextra"] }, { "type": "none" }]
      ]
    }
  ]
}
