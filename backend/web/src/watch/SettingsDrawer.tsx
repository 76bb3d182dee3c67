import { useState } from 'react'

import { Drawer } from '../Drawer'
import { told } from '../http'
import { changeMany, putWatch } from './api'
import { SettingsForm } from './SettingsForm'
import type { Watch, WatchSettings } from './types'
import { watchStore } from './watched'

interface SettingsDrawerProps {
  watch: Watch
  /** The codes of all watched ETFs, this one among them. */
  codes: string[]
  onClose: () => void
}

/** The settings of one watch, in a drawer; saving closes it. */
export function SettingsDrawer({ watch, codes, onClose }: SettingsDrawerProps) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const { code } = watch.etf

  const save = async (settings: WatchSettings, all: boolean) => {
    setBusy(true)
    setProblem(null)
    try {
      if (all) await changeMany([...new Set([code, ...codes])], settings)
      else await putWatch(code, settings)
      watchStore.settingsSaved(watch.etf, all)
      onClose()
    } catch (error) {
      setProblem(told(error))
      setBusy(false)
    }
  }

  return (
    <Drawer title="알림 설정" side="right" onClose={onClose}>
      <p className="watch-settings-name">{watch.etf.name}</p>
      <SettingsForm
        settings={watch} others={codes.filter((other) => other !== code).length} busy={busy} problem={problem}
        onSave={(settings, all) => void save(settings, all)}
      />
      <div className="watch-settings-remove">
        <button
          type="button" className="button small danger"
          onClick={() => {
            watchStore.set(watch.etf, false)
            onClose()
          }}
        >
          관심 목록에서 빼기
        </button>
      </div>
    </Drawer>
  )
}
