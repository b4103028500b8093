#!/usr/bin/env node
const { start } = require('../dist/bundle/start.cjs')

start('btdownloadcurses', 'seed')
