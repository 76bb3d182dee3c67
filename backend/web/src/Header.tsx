import type { ReactNode } from 'react'

import { AccountMenu } from './account/AccountMenu'
import { Icon, Logo } from './icons'
import type { MarketStatus } from './market-status'
import { date } from './table/format'
import { useTheme } from './theme'
import { useNarrow } from './useNarrow'

/** The name of the product, the date of its data, what the page adds to the right, and the person's own menu. */
export function Header({ status, children }: { status: MarketStatus; children?: ReactNode }) {
  const [theme, toggleTheme] = useTheme()
  const narrow = useNarrow()
  const other = theme === 'dark' ? '밝은 화면으로' : '어두운 화면으로'
  return (
    <header className="header">
      <div className="header-inner">
        <div className="brand">
          <Logo />
          <div className="brand-words">
            <h1 className="brand-name">ETF Atlas</h1>
            <p className="brand-date">{dateLine(status)}</p>
          </div>
          {status.dataset === 'sample' && (
            <span className="badge" title="종목과 ETF의 이름은 실제와 같지만 숫자는 지어낸 것입니다.">
              예시 데이터
            </span>
          )}
        </div>
        <div className="header-actions">
          {children}
          {!narrow && (
            <button type="button" className="button quiet square" onClick={toggleTheme} aria-label={other} title={other}>
              <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
            </button>
          )}
          <AccountMenu folded={narrow}>
            {narrow && (
              <li>
                <button type="button" onClick={toggleTheme}>
                  {other}
                </button>
              </li>
            )}
          </AccountMenu>
        </div>
      </div>
    </header>
  )
}

function dateLine(status: MarketStatus) {
  if (status.state === 'unknown') return '\u00a0'
  if (status.state === 'away') return '서버에 연결할 수 없음'
  return status.asOf ? `${date(status.asOf)} 기준` : '자료 없음'
}
