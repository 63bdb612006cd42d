import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ADMISSION, type AdmissionOptions, readAdmission } from '../../src/admission/options.ts'
import { createRealtime, SettingError } from '../../src/mod.ts'

function refusal(admission: unknown): string {
  try {
    createRealtime({ admission: admission as AdmissionOptions })
  } catch (error) {
    assert.ok(error instanceof SettingError, String(error))
    return error.message
  }
  return assert.fail(`accepted: ${JSON.stringify(admission)}`)
}

describe('the options of admission', () => {
  it('have defaults, and hold where they are right', () => {
    assert.deepEqual(readAdmission(undefined), ADMISSION)
    assert.deepEqual(readAdmission({ lag: undefined }), ADMISSION)
    const read = readAdmission({
      connections: 5,
      memory: 2 ** 31,
      trustedProxies: ['10.0.0.0/8', '::1', '2001:db8::/32'],
      forwardedHeader: 'Forwarded' as 'forwarded',
    })
    assert.equal(read.connections, 5)
    assert.equal(read.forwardedHeader, 'forwarded')
    assert.equal(read.perUser, ADMISSION.perUser)
  })

  it('are known, or the nearest known one is named', () => {
    assert.equal(refusal({ conections: 1 }), "admission has an unknown key 'conections': did you mean 'connections'?")
    assert.equal(refusal({ perIp: 1, x: 1 }).startsWith("admission has an unknown key 'perIp'"), true)
    assert.match(refusal(5), /^admission must be an object/)
  })

  it('are whole numbers of a range that makes sense', () => {
    const names = Object.keys(ADMISSION).filter((name) => !/Proxies|Protocol|Header/.test(name))
    assert.equal(names.length, 15)
    for (const name of names) {
      for (const value of [0, -1, 1.5, Number.NaN, 'many', null, {}, []]) {
        assert.match(refusal({ [name]: value }), new RegExp(`^admission\\.${name} must be`), `${name} ${value}`)
      }
      assert.match(refusal({ [name]: Number.POSITIVE_INFINITY }), /must have an end: write \d+ for none$/)
    }
  })

  it('say what to write where a unit was meant', () => {
    assert.equal(
      refusal({ handshakeTimeout: '10s' }),
      "admission.handshakeTimeout must be a whole number of ms, not '10s': write 10000",
    )
    assert.match(refusal({ memory: '2 GiB' }), /write 2147483648$/)
    assert.match(refusal({ byteRate: '4mb' }), /write 4000000$/)
    assert.match(refusal({ handshakeTimeout: 10 }), /from 100 to 600000, not 10$/)
  })

  it('name proxies by address or network', () => {
    assert.match(refusal({ trustedProxies: '10.0.0.1' }), /must be a list .* write \['10\.0\.0\.1'\]$/)
    assert.match(
      refusal({ trustedProxies: ['10.0.0.0/33'] }),
      /^admission\.trustedProxies\[0\] .*a prefix has 0 to 32 bits$/,
    )
    assert.match(refusal({ trustedProxies: ['::1', '*'] }), /^admission\.trustedProxies\[1\] .*write '0\.0\.0\.0\/0'/)
    assert.match(refusal({ proxyProtocol: ['[::1]:80'] }), /write '::1'$/)
    assert.match(refusal({ proxyProtocol: ['10.0.0.1:80'] }), /write '10\.0\.0\.1'$/)
    assert.match(refusal({ trustedProxies: ['localhost'] }), /write '127\.0\.0\.0\/8' and '::1'$/)
    for (const none of ['', 'proxy.example', '10.0.0', 'fe80::1%eth0', '10.0.0.1/', '10.0.0.1/8/8', 5, null]) {
      assert.match(refusal({ trustedProxies: [none] }), /must be an address such as/)
    }
    assert.match(refusal({ forwardedHeader: 'x-forwarded-fro' }), /did you mean 'x-forwarded-for'\?$/)
  })
})
