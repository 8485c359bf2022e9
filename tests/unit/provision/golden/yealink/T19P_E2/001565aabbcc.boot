#!version:1.0.0.1
## Conserje, Reforma 26
include:config <y000000000053.cfg>
include:config <001565aabbcc.cfg>
overwrite_mode = 1
